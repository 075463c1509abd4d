// SPDX-License-Identifier: MIT
#include "loop/tcp.h"

#include <algorithm>
#include <array>
#include <vector>

namespace ggen::loop {

namespace {

Error error_of(int code, const std::string& action) {
  ErrorKind kind = kind_of_errno(-code);
  if (code == UV_ECONNREFUSED || code == UV_EAI_NONAME || code == UV_EAI_NODATA) {
    kind = ErrorKind::not_found;
  }
  return Error{kind, action + ": " + uv_strerror(code)};
}

}  // namespace

// The requests hold it by shared_ptr: libuv gives each one back, also after the handle was closed.
struct Tcp::Connection : std::enable_shared_from_this<Connection> {
  struct TcpNode : Node<uv_tcp_t, Result<std::string_view>> {
    Connection* owner = nullptr;
    static TcpNode& of(void* handle) {
      return *static_cast<TcpNode*>(static_cast<uv_handle_t*>(handle)->data);
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
  };
  using Lookup = Request<uv_getaddrinfo_t>;
  using Connect = Request<uv_connect_t>;
  using Write = Request<uv_write_t>;

  Loop& loop;
  std::string where;
  std::vector<sockaddr_storage> addresses;
  std::size_t next = 0;
  Handle<TcpNode> node;
  Callback<Result<void>> on_connect;
  std::array<char, 16 * 1024> buffer{};
  bool connected = false;
  bool closed = false;

  Connection(Loop& l, std::string w) : loop(l), where(std::move(w)) {}

  Result<void> look_up(const std::string& host, const std::string& port);
  void looked_up(int code, const addrinfo* list);
  void try_next(int last_code);
  void answer(Result<void> result);
  void write(std::string bytes, Done done);
  void read(Piece piece);
  void took(ssize_t size);
};

Result<void> Tcp::Connection::look_up(const std::string& host, const std::string& port) {
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

void Tcp::Connection::looked_up(int code, const addrinfo* list) {
  if (closed) return;
  for (; list != nullptr; list = list->ai_next) {
    sockaddr_storage address{};
    std::copy_n(reinterpret_cast<const char*>(list->ai_addr), list->ai_addrlen,
                reinterpret_cast<char*>(&address));
    addresses.push_back(address);
  }
  try_next(code != 0 ? code : UV_EAI_NODATA);
}

void Tcp::Connection::try_next(int last_code) {
  while (next < addresses.size()) {
    const auto* address = reinterpret_cast<const sockaddr*>(&addresses[next++]);
    node = open_handle<TcpNode>([&](uv_tcp_t* h) { return uv_tcp_init(loop.get(), h); });
    node->owner = this;
    auto connect = std::make_unique<Connect>(shared_from_this());
    last_code =
        uv_tcp_connect(&connect->request, &node->handle, address, [](uv_connect_t* r, int status) {
          const auto request = Connect::of(r);
          Connection& self = *request->connection;
          if (self.closed) return;
          if (status != 0) return self.try_next(status);
          self.connected = true;
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

void Tcp::Connection::answer(Result<void> result) {
  const auto call = on_connect;
  on_connect.reset();
  call(std::move(result));
}

void Tcp::Connection::write(std::string bytes, Done done) {
  auto write = std::make_unique<Write>(shared_from_this());
  write->bytes = std::move(bytes);
  write->done = std::move(done);
  const uv_buf_t piece =
      uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  const int code =
      uv_write(&write->request, node->stream(), &piece, 1, [](uv_write_t* r, int status) {
        const auto request = Write::of(r);
        Connection& self = *request->connection;
        if (self.closed) return;
        if (status == 0) return request->done({});
        request->done(error_of(status, "write to " + self.where));
      });
  GGEN_BUG_IF(code != 0, uv_strerror(code));
  write.release();
}

void Tcp::Connection::read(Piece piece) {
  node->callback.set(std::move(piece));
  uv_read_start(
      node->stream(),
      [](uv_handle_t* h, std::size_t, uv_buf_t* space) {
        auto& bytes = TcpNode::of(h).owner->buffer;
        *space = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
      },
      [](uv_stream_t* h, ssize_t size, const uv_buf_t*) {
        if (size != 0) TcpNode::of(h).owner->took(size);
      });
}

void Tcp::Connection::took(ssize_t size) {
  const auto self = shared_from_this();
  const auto call = node->callback;
  if (size > 0) return call(std::string_view(buffer.data(), static_cast<std::size_t>(size)));
  uv_read_stop(node->stream());
  node->callback.reset();
  if (size == UV_EOF) return call(std::string_view());
  call(error_of(static_cast<int>(size), "read from " + where));
}

Result<Tcp> Tcp::connect(Loop& loop, const std::string& host, std::uint16_t port, Done done) {
  const std::string port_text = std::to_string(port);
  Tcp tcp(std::make_shared<Connection>(loop, host + ":" + port_text));
  tcp.connection_->on_connect.set(std::move(done));
  GGEN_TRY(tcp.connection_->look_up(host, port_text));
  return tcp;
}

Tcp::Tcp(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
Tcp::Tcp(Tcp&&) noexcept = default;

Tcp& Tcp::operator=(Tcp&& other) noexcept {
  std::swap(connection_, other.connection_);
  return *this;
}

Tcp::~Tcp() {
  if (connection_ == nullptr) return;
  connection_->closed = true;
  connection_->on_connect.reset();
  connection_->node.reset();
}

bool Tcp::connected() const { return connection_->connected; }
void Tcp::write(std::string bytes, Done done) {
  GGEN_BUG_IF(!connected(), "write before the connection is made");
  connection_->write(std::move(bytes), std::move(done));
}
void Tcp::read(Piece piece) {
  GGEN_BUG_IF(!connected(), "read before the connection is made");
  connection_->read(std::move(piece));
}

}  // namespace ggen::loop
