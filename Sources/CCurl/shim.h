#include <curl/curl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

/* curl_easy_setopt and its sisters are variadic, which Swift cannot call: one function per type of argument. */

/* Swift's Int stands for long below. */
_Static_assert(sizeof(long) == 8, "long has to be 64 bits wide");

typedef size_t (*ccurl_data_callback)(char *data, size_t size, size_t count, void *context);

static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode ccurl_set_large(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(easy, option, value);
}
/* CURLOPT_POSTFIELDSIZE_LARGE first: without it the bytes would be measured as a C string. */
static inline CURLcode ccurl_set_body(CURL *easy, const void *bytes, curl_off_t count) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, count);
  if (code != CURLE_OK) return code;
  return curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, (const char *)bytes);
}
/* A body that is asked for piece by piece. The second callback goes back to its beginning, where a connection died under it. */
static inline CURLcode ccurl_set_on_read(CURL *easy, curl_off_t count, ccurl_data_callback callback, curl_seek_callback seek, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_POST, 1L);
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, count);
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_READFUNCTION, callback);
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_READDATA, context);
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek);
  return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_SEEKDATA, context) : code;
}
/* A mail's octets, asked for piece by piece. */
static inline CURLcode ccurl_set_on_mail(CURL *easy, curl_off_t count, ccurl_data_callback callback, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, count);
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_READFUNCTION, callback);
  return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_READDATA, context) : code;
}
static inline CURLcode ccurl_set_on_data(CURL *easy, ccurl_data_callback callback, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, callback);
  if (code != CURLE_OK) return code;
  return curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
}
static inline CURLcode ccurl_set_on_header(CURL *easy, ccurl_data_callback callback, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, callback);
  if (code != CURLE_OK) return code;
  return curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
}
/* Anything but 0 out of the callback breaks it off. */
static inline CURLcode ccurl_set_on_progress(CURL *easy, curl_xferinfo_callback callback, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, callback);
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_XFERINFODATA, context);
  return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L) : code;
}
static inline CURLMcode ccurl_multi_on_socket(CURLM *multi, curl_socket_callback callback, void *context) {
  CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, callback);
  return code == CURLM_OK ? curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context) : code;
}
static inline CURLMcode ccurl_multi_on_timer(CURLM *multi, curl_multi_timer_callback callback, void *context) {
  CURLMcode code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, callback);
  return code == CURLM_OK ? curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context) : code;
}
static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}

/* Asks for memory in the thread it is for and gives it back to the allocator, which keeps it. The second bound would follow what is freed
   until the first one is set. */
static inline void ccurl_keep_memory(long most, long now) {
  enum { BLOCK = 64 << 10 };
  struct block { struct block *next; } *blocks = NULL;
  mallopt(M_TRIM_THRESHOLD, (int)most);
  mallopt(M_MMAP_THRESHOLD, (int)most);
  for (long asked = 0; asked < now; asked += BLOCK) {
    struct block *block = malloc(BLOCK);
    if (!block) break;
    memset(block, 1, BLOCK);
    block->next = blocks;
    blocks = block;
  }
  while (blocks) {
    struct block *next = blocks->next;
    free(blocks);
    blocks = next;
  }
}

/* 0 where the answer is not known: all figures read here count upwards from 0. */
static inline long ccurl_info_long(CURL *easy, CURLINFO info) {
  long value = 0;
  return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}
static inline curl_off_t ccurl_info_large(CURL *easy, CURLINFO info) {
  curl_off_t value = 0;
  return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

static inline CURLcode ccurl_active_socket(CURL *easy, curl_socket_t *socket) {
  return curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, socket);
}

/* Sockets that are watched, in the kernel: what hangs costs nothing. `what` are libcurl's CURL_POLL_ and CURL_CSELECT_ bits. */
typedef struct { int socket; int what; } ccurl_event;

static inline void ccurl_watch(int watch, int socket, int what) {
  struct epoll_event event = {0};
  event.data.fd = socket;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) event.events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) event.events |= EPOLLOUT;
  if (what == CURL_POLL_REMOVE || what == CURL_POLL_NONE) {
    epoll_ctl(watch, EPOLL_CTL_DEL, socket, 0);
  } else if (epoll_ctl(watch, EPOLL_CTL_MOD, socket, &event) != 0) {
    epoll_ctl(watch, EPOLL_CTL_ADD, socket, &event);
  }
}
/* How many of `events` were filled in; less than none on a signal. */
static inline int ccurl_wait(int watch, ccurl_event *events, int most, int milliseconds) {
  struct epoll_event found[64];
  int count = epoll_wait(watch, found, most < 64 ? most : 64, milliseconds);
  for (int i = 0; i < count; i++) {
    events[i].socket = found[i].data.fd;
    events[i].what = ((found[i].events & (EPOLLIN | EPOLLHUP)) ? CURL_CSELECT_IN : 0) |
                     ((found[i].events & EPOLLOUT) ? CURL_CSELECT_OUT : 0) | ((found[i].events & EPOLLERR) ? CURL_CSELECT_ERR : 0);
  }
  return count;
}
static inline int ccurl_make_watch(void) { return epoll_create1(EPOLL_CLOEXEC); }
static inline int ccurl_make_bell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline void ccurl_ring(int bell) { (void)!eventfd_write(bell, 1); }
static inline void ccurl_still(int bell) { eventfd_t rung; (void)!eventfd_read(bell, &rung); }
static inline void ccurl_close(int descriptor) { if (descriptor >= 0) close(descriptor); }

/* CURLMsg holds a union of pointer and code. */
static inline CURLcode ccurl_message_result(const CURLMsg *message) { return message->data.result; }

/* 1 when this libcurl may be initialised by any thread, speaks TLS and HTTP/2. */
static inline int ccurl_has_what_we_need(void) {
  int needed = CURL_VERSION_THREADSAFE | CURL_VERSION_SSL | CURL_VERSION_HTTP2;
  return (curl_version_info(CURLVERSION_NOW)->features & needed) == needed;
}

/* Variadic as well. At most 15 bytes are kept. */
static inline void ccurl_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
