/* fuzz/fuzz_lines.c: lists of lines; see list_properties.h for what must hold. */
#include "list_properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_list((struct span){(const char *)data, size}, LIST_LINES);
    return 0;
}
