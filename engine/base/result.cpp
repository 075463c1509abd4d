// SPDX-License-Identifier: MIT
#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace ggen {

std::string_view kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::permission: return "permission";
    case ErrorKind::exists: return "exists";
    case ErrorKind::io: return "io";
    case ErrorKind::invalid: return "invalid";
    case ErrorKind::timeout: return "timeout";
    case ErrorKind::cancelled: return "cancelled";
    case ErrorKind::limit: return "limit";
  }
  report_bug(__FILE__, __LINE__, "an error kind without a name");
}

ErrorKind kind_of_errno(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR: return ErrorKind::not_found;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorKind::permission;
    case EEXIST:
    case ENOTEMPTY: return ErrorKind::exists;
    case EINVAL:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG: return ErrorKind::invalid;
    case ETIMEDOUT: return ErrorKind::timeout;
    case ECANCELED: return ErrorKind::cancelled;
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case E2BIG:
    case ENOSPC: return ErrorKind::limit;
    default: return ErrorKind::io;
  }
}

Error Error::from_errno(int code, std::string_view action) {
  return Error{kind_of_errno(code), std::string(action) + ": " + std::strerror(code)};
}

Error Error::with_context(std::string_view context) && {
  message.insert(0, ": ").insert(0, context);
  return std::move(*this);
}

}  // namespace ggen
