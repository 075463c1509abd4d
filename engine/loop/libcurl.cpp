// SPDX-License-Identifier: MIT
#include "loop/libcurl.h"

#include <dlfcn.h>

#if defined(__SANITIZE_ADDRESS__)
// What the libcrypto of libcurl keeps for the thread that started it, once for each process. Ours
// is linked in and not meant by this.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libcrypto.so"; }
extern "C" const char* __lsan_default_options();
extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }
#endif

namespace ggen::loop {

namespace {

template <class Function>
void find(void* library, const char* name, Function& function, std::string& missing) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr && missing.empty()) missing = name;
}

}  // namespace

Result<LibCurl> load_libcurl(const std::string& file) {
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    const char* why = dlerror();
    return Error{ErrorKind::not_found,
                 "requests over HTTP need libcurl, and it could not be loaded (on Debian and "
                 "Ubuntu: apt-get install libcurl4): " +
                     std::string(why != nullptr ? why : file)};
  }
  LibCurl curl;
  std::string missing;
  find(library, "curl_global_init", curl.global_init, missing);
  find(library, "curl_easy_init", curl.easy_init, missing);
  find(library, "curl_easy_setopt", curl.easy_setopt, missing);
  find(library, "curl_easy_getinfo", curl.easy_getinfo, missing);
  find(library, "curl_easy_pause", curl.easy_pause, missing);
  find(library, "curl_easy_strerror", curl.easy_strerror, missing);
  find(library, "curl_easy_cleanup", curl.easy_cleanup, missing);
  find(library, "curl_multi_init", curl.multi_init, missing);
  find(library, "curl_multi_setopt", curl.multi_setopt, missing);
  find(library, "curl_multi_add_handle", curl.multi_add_handle, missing);
  find(library, "curl_multi_remove_handle", curl.multi_remove_handle, missing);
  find(library, "curl_multi_socket_action", curl.multi_socket_action, missing);
  find(library, "curl_multi_info_read", curl.multi_info_read, missing);
  find(library, "curl_multi_cleanup", curl.multi_cleanup, missing);
  find(library, "curl_slist_append", curl.slist_append, missing);
  find(library, "curl_slist_free_all", curl.slist_free_all, missing);
  find(library, "curl_url", curl.url, missing);
  find(library, "curl_url_set", curl.url_set, missing);
  find(library, "curl_url_get", curl.url_get, missing);
  find(library, "curl_url_strerror", curl.url_strerror, missing);
  find(library, "curl_url_cleanup", curl.url_cleanup, missing);
  find(library, "curl_free", curl.free, missing);
  if (!missing.empty()) {
    return Error{ErrorKind::invalid, "requests over HTTP need a newer libcurl (7.80 or later): " +
                                         file + " has no " + missing};
  }
  const CURLcode code = curl.global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) {
    return Error{ErrorKind::io, "libcurl does not start: " + std::string(curl.easy_strerror(code))};
  }
  return curl;
}

const Result<LibCurl>& system_libcurl() {
  static const Result<LibCurl> curl = load_libcurl("libcurl.so.4");
  return curl;
}

}  // namespace ggen::loop
