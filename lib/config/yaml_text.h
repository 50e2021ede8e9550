/* What must hold for a text before it is read as YAML: size, UTF-8, no control bytes. */
#ifndef CONFIG_YAML_TEXT_H
#define CONFIG_YAML_TEXT_H

#include <stdbool.h>

#include "base/str.h"
#include "config/problems.h"

/* false: problems has an error more. */
bool yaml_text_check(struct str text, struct problems *problems);

#endif
