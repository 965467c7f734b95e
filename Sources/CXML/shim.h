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
