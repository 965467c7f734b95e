#include <libpq-fe.h>
#include <sys/prctl.h>

/* Variadic, which Swift cannot call. At most 15 bytes are kept. */
static inline void cpq_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
