#include <stddef.h>
#include <sys/epoll.h>

/* GNU; Glibc's module is built without _GNU_SOURCE. */
void *memmem(const void *haystack, size_t length, const void *needle, size_t needle_length);
