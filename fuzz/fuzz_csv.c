/* fuzz/fuzz_csv.c: CSV lists; see list_properties.h for what must hold. */
#include "list_properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_list((struct span){(const char *)data, size}, LIST_CSV);
    return 0;
}
