// SPDX-License-Identifier: MIT
#include "process/screen.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>

#include <thread>

#include "harness.h"
#include "loop/timer.h"
#include "process/columns.h"
#include "process/lines.h"

using namespace ggen;
using namespace ggen::process;

namespace {

// A screen on a pipe, and what came out at its other end.
struct Piped {
  loop::Loop loop;
  Fd read_end, write_end;
  std::shared_ptr<Screen> screen;

  Piped() {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
    fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
    fcntl(read_end.get(), F_SETPIPE_SZ, 1 << 20);
    screen = std::make_shared<Screen>(loop, write_end.get());
  }
  std::string seen() {
    std::string text(1 << 20, '\0');
    const ssize_t size = read(read_end.get(), text.data(), text.size());
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
  }
  std::string flushed() {
    screen->flush();
    return seen();
  }
};

}  // namespace

TEST_CASE("screen: written at the end of the turn, or when the buffer is full", "[process]") {
  Piped piped;
  piped.screen->write("one\n");
  CHECK(piped.seen() == "");
  piped.loop.run_ready();
  CHECK(piped.seen() == "one\n");
  for (int i = 0; i < 6; ++i) piped.screen->write(std::string(10'000, 'x'));
  CHECK(piped.seen() == "");
  piped.screen->write(std::string(10'000, 'x'));
  CHECK(piped.seen().size() == 70'000);
}

TEST_CASE("screen: a large piece is not collected, and comes after what was", "[process]") {
  Piped piped;
  const int one = 1, two = 2;
  piped.screen->write("small", &one);
  piped.screen->write(std::string(16 * 1024, 'x'), &two);
  CHECK(piped.seen() == "small\n" + std::string(16 * 1024, 'x'));
  CHECK(piped.screen->has_open_line(&two));
  piped.screen->write("end\n", &one);
  CHECK(piped.flushed() == "\nend\n");
}

TEST_CASE("screen: everything is written when it goes", "[process]") {
  Piped piped;
  piped.screen->write("last words");
  piped.screen.reset();
  CHECK(piped.seen() == "last words");
  CHECK(piped.loop.open_handles() == 0);
}

TEST_CASE("screen: blocks of different writers begin on lines of their own", "[process]") {
  Piped piped;
  Raw a(piped.screen), b(piped.screen);
  a.write(Stream::out, "a1 ");
  a.write(Stream::err, "a2 ");
  b.write(Stream::out, "b1");
  a.write(Stream::out, "a3\n");
  b.write(Stream::out, "b2\n");
  piped.screen->write("note\n");
  CHECK(piped.flushed() == "a1 a2 \nb1\na3\nb2\nnote\n");
}

TEST_CASE("screen: a reader that is slow or gone", "[process]") {
  Piped piped;
  // Non-blocking, as a terminal shared with another program may be.
  fcntl(piped.write_end.get(), F_SETFL, O_WRONLY | O_NONBLOCK);
  fcntl(piped.read_end.get(), F_SETFL, O_RDONLY);
  std::size_t got = 0;
  std::thread reader([&] {
    std::string bytes(4096, '\0');
    while (got < 5'000'000) {
      const ssize_t size = read(piped.read_end.get(), bytes.data(), bytes.size());
      if (size <= 0) break;
      got += static_cast<std::size_t>(size);
    }
  });
  for (int i = 0; i < 50; ++i) piped.screen->write(std::string(100'000, 'x'));
  piped.screen->flush();
  reader.join();
  CHECK(got == 5'000'000);
  CHECK(piped.screen->broken() == "");

  piped.read_end.reset();
  piped.screen->write("x");
  piped.screen->flush();
  CHECK(piped.screen->broken() == "Broken pipe");
  piped.screen->write(std::string(1'000'000, 'x'));
  piped.screen->flush();
}

TEST_CASE("screen: the live line", "[process]") {
  Piped piped;
  CHECK_FALSE(piped.screen->is_tty());
  CHECK(piped.screen->width() == 80);
  piped.screen->status("[1/2] a");
  CHECK(piped.flushed() == "[1/2] a");
  piped.screen->status("[1/2] a");
  CHECK(piped.flushed() == "");
  piped.screen->write("text\n");
  CHECK(piped.flushed() == "\r\033[Ktext\n[1/2] a");
  // Not behind an unfinished line.
  piped.screen->write("open");
  CHECK(piped.flushed() == "\r\033[Kopen");
  piped.screen->write(" end\n");
  CHECK(piped.flushed() == " end\n[1/2] a");
  piped.screen->status({});
  CHECK(piped.flushed() == "\r\033[K");
  piped.screen->status(std::string(200, 'x'));
  CHECK(piped.flushed() == std::string(79, 'x'));
  piped.screen.reset();
  CHECK(piped.seen() == "\r\033[K");
}

TEST_CASE("screen: a terminal and its width", "[process]") {
  int master = -1, slave = -1;
  const winsize size{20, 30, 0, 0};
  REQUIRE(openpty(&master, &slave, nullptr, nullptr, &size) == 0);
  const Fd first(master), second(slave);
  loop::Loop loop;
  const Screen screen(loop, slave);
  CHECK(screen.is_tty());
  CHECK(screen.width() == 30);
}

TEST_CASE("lines: whole lines with their prefix", "[process]") {
  Piped piped;
  Lines a(piped.screen, "a | ", "a ! ");
  std::optional<Lines> b(std::in_place, piped.screen, "b | ", "b ! ");
  a.write(Stream::out, "one\ntw");
  b->write(Stream::out, "three\n");
  a.write(Stream::err, "warning\n");
  a.write(Stream::out, "o\n\nopen");
  CHECK(piped.flushed() == "a | one\nb | three\na ! warning\na | two\na | \n");
  a.finish();
  CHECK(piped.flushed() == "a | open\n");
  a.finish();
  CHECK(piped.flushed() == "");
  b->write(Stream::err, "end");
  b.reset();
  CHECK(piped.flushed() == "b ! end\n");
}

TEST_CASE("lines: cut anywhere, the text is the same", "[process]") {
  const std::string text = "alpha\n\nbeta\xff\xfe gamma\r\n\tdelta\nlast";
  for (const std::string prefix : {"", "p: "}) {
    std::string whole;
    for (std::size_t step = 1; step <= text.size(); ++step) {
      Piped piped;
      {
        Lines lines(piped.screen, prefix, prefix);
        for (std::size_t at = 0; at < text.size(); at += step) {
          lines.write(Stream::out, std::string_view(text).substr(at, step));
        }
      }
      const auto seen = piped.flushed();
      if (step == 1) whole = seen;
      CHECK(seen == whole);
    }
    CHECK(whole == prefix + "alpha\n" + prefix + "\n" + prefix + "beta\xff\xfe gamma\r\n" + prefix +
                       "\tdelta\n" + prefix + "last\n");
  }
}

TEST_CASE("lines: a long line goes out in pieces, unchanged when nobody interrupts", "[process]") {
  for (const std::string prefix : {"", "p: "}) {
    Piped piped;
    Lines lines(piped.screen, prefix, prefix);
    std::string seen;
    for (int i = 0; i < 20; ++i) {
      lines.write(Stream::out, std::string(30'000, 'x'));
      seen += piped.flushed();
    }
    CHECK(seen.size() > 400'000);
    lines.write(Stream::out, "end\nnext\n");
    seen += piped.flushed();
    CHECK((seen == prefix + std::string(600'000, 'x') + "end\n" + prefix + "next\n"));
  }
}

TEST_CASE("lines: a long line that is interrupted begins anew", "[process]") {
  Piped piped;
  Lines lines(piped.screen, "p: ", "");
  const std::string piece(70'000, 'x');
  lines.write(Stream::out, piece);
  piped.flushed();
  piped.screen->write("note\n");
  CHECK(piped.flushed() == "\nnote\n");
  lines.write(Stream::out, "rest\n");
  CHECK(piped.flushed() == "p: rest\n");
  lines.write(Stream::out, piece);
  piped.flushed();
  lines.finish();
  CHECK(piped.flushed() == "\n");
}

TEST_CASE("columns: what fits", "[process]") {
  CHECK(fit_columns("hello", 10) == "hello");
  CHECK(fit_columns("hello", 3) == "hel");
  CHECK(fit_columns("hello", 0) == "");
  CHECK(fit_columns("caf\xc3\xa9s", 4) == "caf\xc3\xa9");
  CHECK(fit_columns("cafe\xcc\x81s", 4) == "cafe\xcc\x81");
  // Two columns each, so the second does not fit into the third column.
  CHECK(fit_columns("\xe6\xbc\xa2\xe5\xad\x97", 3) == "\xe6\xbc\xa2");
  CHECK(fit_columns("\xf0\x9f\x9a\x80x", 3) == "\xf0\x9f\x9a\x80x");
  CHECK(fit_columns("\033[31mred\033[0m!", 3) == "\033[31mred\033[0m");
  CHECK(fit_columns("a\xff\xfe"
                    "b",
                    3) == "a\xff\xfe");
  // Nothing behind it to read.
  const std::vector<char> cut = {'\xc3'};
  CHECK(fit_columns({cut.data(), cut.size()}, 5) == "\xc3");
  CHECK(fit_columns("one\ntwo", 80) == "one");

  int used = -1;
  CHECK(fit_columns("\xe6\xbc\xa2\xe5\xad\x97!", 4, &used) == "\xe6\xbc\xa2\xe5\xad\x97");
  CHECK(used == 4);
  CHECK(fit_columns("\xe6\xbc\xa2\xe5\xad\x97", 3, &used) == "\xe6\xbc\xa2");
  CHECK(used == 2);
}
