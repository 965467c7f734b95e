#include <libxml/xmlversion.h>
/* Debian builds libxml2 with ICU, whose headers clash with the ICU inside Foundation. Nothing here uses the
   converters they describe. */
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/c14n.h>
#include <libxml/xmlerror.h>

/* xmlFree is a global function pointer, which Swift may not read: a call is fine. */
static inline void cxml_free(void *pointer) { xmlFree(pointer); }

/* libxml2 writes a few complaints about encodings to standard error, past every option that asks for silence. The
   handler is kept per thread, so each parse sets it. */
static void cxml_say_nothing(void *context, const char *message, ...) { (void)context; (void)message; }
static inline void cxml_silence(void) { xmlSetGenericErrorFunc(NULL, cxml_say_nothing); }
