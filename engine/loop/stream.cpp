// SPDX-License-Identifier: MIT
#include "loop/stream.h"

#include <sys/un.h>

#include <algorithm>
#include <array>
#include <vector>

namespace ggen::loop {

namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr const char* kWrite = "write to ";
constexpr const char* kRead = "read from ";
constexpr const char* kEnd = "end what is sent to ";

Error error_of(int code, const std::string& action) {
  ErrorKind kind = kind_of_errno(-code);
  if (code == UV_ECONNREFUSED || code == UV_EAI_NONAME || code == UV_EAI_NODATA) {
    kind = ErrorKind::not_found;
  }
  return Error{kind, action + ": " + uv_strerror(code)};
}

// Either kind of handle. `data` is the first member of both.
union Socket {
  void* data;
  uv_tcp_t tcp;
  uv_pipe_t pipe;
};

}  // namespace

// The requests hold it by shared_ptr: libuv gives each one back, also after the handle was closed.
struct Stream::Connection : std::enable_shared_from_this<Connection> {
  struct SocketNode : Node<Socket, Result<std::string_view>> {
    Connection* owner = nullptr;
    static SocketNode& of(void* handle) {
      return *static_cast<SocketNode*>(static_cast<uv_handle_t*>(handle)->data);
    }
    uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle); }
  };

  template <class R>
  struct Request {
    R request{};
    std::shared_ptr<Connection> connection;
    std::string bytes;
    Done done;

    Request(std::shared_ptr<Connection> c) : connection(std::move(c)) { request.data = this; }
    static std::unique_ptr<Request> of(R* r) {
      return std::unique_ptr<Request>(static_cast<Request*>(r->data));
    }
    // The request is over: says so, unless the connection was closed meanwhile.
    void answer(int status, const char* what) {
      if (connection->closed || !done) return;
      if (status == 0) return done({});
      done(error_of(status, what + connection->where));
    }
  };
  using Lookup = Request<uv_getaddrinfo_t>;
  using Connect = Request<uv_connect_t>;
  using Write = Request<uv_write_t>;
  using Shutdown = Request<uv_shutdown_t>;

  Loop& loop;
  std::string where;
  std::vector<sockaddr_storage> addresses;
  std::size_t next = 0;
  Handle<SocketNode> node;
  Callback<Result<void>> on_connect;
  std::array<char, kPiece> buffer;
  bool connected = false;
  bool closed = false;

  Connection(Loop& l, std::string w) : loop(l), where(std::move(w)) {}

  Result<void> look_up(const std::string& host, const std::string& port);
  void looked_up(int code, const addrinfo* list);
  void try_next(int last_code);
  void try_path(const std::string& path);
  template <class Init>
  void open(Init init);
  void answer(Result<void> result);
  Result<bool> write(std::string_view bytes, Done done);
  Result<void> shut_down(Done done);
  Result<void> read(Piece piece);
  void stop_reading();
  void took(ssize_t size);
};

Result<void> Stream::Connection::look_up(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  auto lookup = std::make_unique<Lookup>(shared_from_this());
  const int code = uv_getaddrinfo(
      loop.get(), &lookup->request,
      [](uv_getaddrinfo_t* r, int status, addrinfo* list) {
        Lookup::of(r)->connection->looked_up(status, list);
        uv_freeaddrinfo(list);
      },
      host.c_str(), port.c_str(), &hints);
  if (code != 0) return error_of(code, "connect to " + where);
  lookup.release();
  return {};
}

void Stream::Connection::looked_up(int code, const addrinfo* list) {
  if (closed) return;
  for (; list != nullptr; list = list->ai_next) {
    sockaddr_storage address{};
    std::copy_n(reinterpret_cast<const char*>(list->ai_addr), list->ai_addrlen,
                reinterpret_cast<char*>(&address));
    addresses.push_back(address);
  }
  try_next(code != 0 ? code : UV_EAI_NODATA);
}

template <class Init>
void Stream::Connection::open(Init init) {
  node = open_handle<SocketNode>(init);
  node->owner = this;
}

void Stream::Connection::try_next(int last_code) {
  while (next < addresses.size()) {
    const auto* address = reinterpret_cast<const sockaddr*>(&addresses[next++]);
    open([&](Socket* socket) { return uv_tcp_init(loop.get(), &socket->tcp); });
    auto connect = std::make_unique<Connect>(shared_from_this());
    last_code = uv_tcp_connect(&connect->request, &node->handle.tcp, address,
                               [](uv_connect_t* r, int status) {
                                 const auto request = Connect::of(r);
                                 Connection& self = *request->connection;
                                 if (self.closed) return;
                                 if (status != 0) return self.try_next(status);
                                 self.connected = true;
                                 // What is written is a whole: nothing to wait for.
                                 uv_tcp_nodelay(&self.node->handle.tcp, 1);
                                 self.answer({});
                               });
    if (last_code == 0) {
      connect.release();
      return;
    }
  }
  node.reset();
  answer(error_of(last_code, "connect to " + where));
}

void Stream::Connection::try_path(const std::string& path) {
  open([&](Socket* socket) { return uv_pipe_init(loop.get(), &socket->pipe, 0); });
  auto connect = std::make_unique<Connect>(shared_from_this());
  uv_pipe_connect(&connect->request, &node->handle.pipe, path.c_str(),
                  [](uv_connect_t* r, int status) {
                    const auto request = Connect::of(r);
                    Connection& self = *request->connection;
                    if (self.closed) return;
                    self.connected = status == 0;
                    if (self.connected) return self.answer({});
                    self.node.reset();
                    self.answer(error_of(status, "connect to " + self.where));
                  });
  connect.release();
}

void Stream::Connection::answer(Result<void> result) {
  const auto call = on_connect;
  on_connect.reset();
  call(std::move(result));
}

Result<bool> Stream::Connection::write(std::string_view bytes, Done done) {
  const auto piece = [&] { return uv_buf_t{const_cast<char*>(bytes.data()), bytes.size()}; };
  // An error comes again, to the request.
  const uv_buf_t all = piece();
  const int sent = bytes.empty() ? 0 : uv_try_write(node->stream(), &all, 1);
  if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  if (bytes.empty()) return true;
  auto write = std::make_unique<Write>(shared_from_this());
  write->bytes = bytes;
  write->done = std::move(done);
  bytes = write->bytes;
  const uv_buf_t rest = piece();
  const int code =
      uv_write(&write->request, node->stream(), &rest, 1,
               [](uv_write_t* r, int status) { Write::of(r)->answer(status, kWrite); });
  if (code != 0) return error_of(code, std::string(kWrite) + where);
  write.release();
  return false;
}

Result<void> Stream::Connection::shut_down(Done done) {
  auto shutdown = std::make_unique<Shutdown>(shared_from_this());
  shutdown->done = std::move(done);
  const int code =
      uv_shutdown(&shutdown->request, node->stream(),
                  [](uv_shutdown_t* r, int status) { Shutdown::of(r)->answer(status, kEnd); });
  if (code != 0) return error_of(code, std::string(kEnd) + where);
  shutdown.release();
  return {};
}

Result<void> Stream::Connection::read(Piece piece) {
  const int code = uv_read_start(
      node->stream(),
      [](uv_handle_t* h, std::size_t, uv_buf_t* space) {
        auto& bytes = SocketNode::of(h).owner->buffer;
        *space = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
      },
      [](uv_stream_t* h, ssize_t size, const uv_buf_t*) {
        if (size != 0) SocketNode::of(h).owner->took(size);
      });
  if (code != 0 && code != UV_EALREADY) return error_of(code, std::string(kRead) + where);
  node->callback.set(std::move(piece));
  return {};
}

void Stream::Connection::stop_reading() {
  node->callback.reset();
  uv_read_stop(node->stream());
}

// Whoever wants more asks within the call: only otherwise is the reading stopped, which costs more
// than asking.
void Stream::Connection::took(ssize_t size) {
  const auto self = shared_from_this();
  const auto call = node->callback;
  node->callback.reset();
  if (size < 0) uv_read_stop(node->stream());
  if (size > 0) {
    call(std::string_view(buffer.data(), static_cast<std::size_t>(size)));
  } else if (size == UV_EOF) {
    call(std::string_view());
  } else {
    call(error_of(static_cast<int>(size), std::string(kRead) + where));
  }
  if (!closed && !node->callback) uv_read_stop(node->stream());
}

Result<Stream> Stream::connect(Loop& loop, const std::string& host, std::uint16_t port, Done done) {
  const std::string port_text = std::to_string(port);
  Stream stream(std::make_shared<Connection>(loop, host + ":" + port_text));
  stream.connection_->on_connect.set(std::move(done));
  GGEN_TRY(stream.connection_->look_up(host, port_text));
  return stream;
}

Result<Stream> Stream::connect_unix(Loop& loop, const std::string& path, Done done) {
  constexpr std::size_t most = sizeof(sockaddr_un::sun_path) - 1;
  // libuv would cut it.
  if (path.empty() || path.size() > most || path.find('\0') != std::string::npos) {
    return Error{ErrorKind::invalid, "connect to " + path + ": the path of a socket has 1 to " +
                                         std::to_string(most) + " bytes"};
  }
  Stream stream(std::make_shared<Connection>(loop, path));
  stream.connection_->on_connect.set(std::move(done));
  stream.connection_->try_path(path);
  return stream;
}

Stream::Stream(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
Stream::Stream(Stream&&) noexcept = default;

Stream& Stream::operator=(Stream&& other) noexcept {
  std::swap(connection_, other.connection_);
  return *this;
}

Stream::~Stream() {
  if (connection_ == nullptr) return;
  connection_->closed = true;
  connection_->on_connect.reset();
  connection_->node.reset();
}

bool Stream::connected() const { return connection_->connected; }
Result<bool> Stream::write(std::string_view bytes, Done done) {
  GGEN_BUG_IF(!connected(), "write before the connection is made");
  return connection_->write(bytes, std::move(done));
}
Result<void> Stream::shut_down(Done done) {
  GGEN_BUG_IF(!connected(), "shut_down before the connection is made");
  return connection_->shut_down(std::move(done));
}
Result<void> Stream::read(Piece piece) {
  GGEN_BUG_IF(!connected(), "read before the connection is made");
  return connection_->read(std::move(piece));
}
void Stream::stop_reading() {
  if (connected()) connection_->stop_reading();
}

}  // namespace ggen::loop
