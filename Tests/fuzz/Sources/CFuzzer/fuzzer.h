#include <stddef.h>
#include <stdint.h>

/* libFuzzer as a library (https://llvm.org/docs/LibFuzzer.html, "Using libFuzzer as a library"). */
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const uint8_t *data, size_t size));
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
