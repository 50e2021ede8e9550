/*
 * Stands in for clang's fuzzer where that is not at hand: gives the target every file named on the
 * command line once, and the empty input first.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    /* A heap block of exactly the input's size, so that one byte too far is seen. */
    uint8_t *data = NULL;
    size_t size = 0;
    uint8_t chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), file)) > 0; size += n) {
        uint8_t *grown = realloc(data, size + n);
        if (grown == NULL)
            abort();
        data = grown;
        memcpy(data + size, chunk, n);
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        if (replay_file(argv[i]) < 0)
            return 1;
    }
    printf("replayed units: %d\n", argc);
    return 0;
}
