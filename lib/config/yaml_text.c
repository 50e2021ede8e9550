#include "config/yaml_text.h"

#include <stdint.h>

#include "config/yaml.h"

/* Bytes of the code point that starts at *at; 0: not UTF-8 (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF). */
static size_t code_point_bytes(const unsigned char *at, size_t left)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t count = at[0] < 0x80             ? 1
                   : (at[0] & 0xe0) == 0xc0 ? 2
                   : (at[0] & 0xf0) == 0xe0 ? 3
                   : (at[0] & 0xf8) == 0xf0 ? 4
                                            : 0;
    if (count <= 1 || count > left)
        return count > left ? 0 : count;
    uint32_t point = at[0] & (0x7fU >> count);
    for (size_t i = 1; i < count; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3fU);
    }
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point < least[count] || surrogate || point > 0x10ffff ? 0 : count;
}

static bool is_control(unsigned char c)
{
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

bool yaml_text_check(struct str text, struct problems *problems)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    int line = 1;
    int column = 1;
    if (text.len > YAML_BYTES_MAX) {
        problems_add(problems, SEVERITY_ERROR, 0, 0, 1, "the file is larger than %zu KiB",
                     YAML_BYTES_MAX / 1024);
        return false;
    }
    for (size_t i = 0, count = 0; i < text.len; i += count) {
        count = code_point_bytes(bytes + i, text.len - i);
        if (count == 0 || is_control(bytes[i])) {
            problems_add(problems, SEVERITY_ERROR, line, column, 1,
                         count == 0 ? "the byte 0x%02x is not UTF-8 text: save the file as UTF-8"
                                    : "the control byte 0x%02x has no place in this file",
                         (unsigned)bytes[i]);
            return false;
        }
        column = bytes[i] == '\n' ? 1 : column + 1;
        line += bytes[i] == '\n' ? 1 : 0;
    }
    return true;
}
