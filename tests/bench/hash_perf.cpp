// How long the file work of a run takes, next to what a plain program needs for the same files on
// as many threads: first hash against an EVP loop, nothing to do against a walk with lstat. Prints
// the best of some rounds in milliseconds, and the peak memory of a process that has nothing to do.
// Usage: hash_perf [directories] [files in each] [bytes of a file] [threads] [rounds] [one set a
// file] SPDX-License-Identifier: MIT
#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "hash/tree.h"

namespace {

using namespace ggen;

double now() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(time).count();
}

template <class Work>
double best(int rounds, Work work) {
  double least = 1e9;
  for (int i = 0; i < rounds; ++i) {
    const double start = now();
    work();
    least = std::min(least, now() - start);
  }
  return least;
}

// Calls each(i) for [0, count) on some threads.
template <class Each>
void spread(std::size_t count, std::size_t chunk, unsigned threads, Each each) {
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> pool;
  const auto work = [&] {
    for (std::size_t first; (first = next.fetch_add(chunk)) < count;) {
      for (std::size_t i = first; i < std::min(first + chunk, count); ++i) each(i);
    }
  };
  for (unsigned i = 1; i < threads; ++i) pool.emplace_back(work);
  work();
}

void evp_loop(const std::vector<std::string>& files, unsigned threads) {
  spread(files.size(), 32, threads, [&](std::size_t i) {
    thread_local std::vector<char> block(128 * 1024);
    thread_local EVP_MD* const sha = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    thread_local EVP_MD_CTX* const context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, sha, nullptr);
    const int fd = ::open(files[i].c_str(), O_RDONLY | O_CLOEXEC);
    for (ssize_t count; (count = ::read(fd, block.data(), block.size())) > 0;) {
      EVP_DigestUpdate(context, block.data(), static_cast<std::size_t>(count));
    }
    ::close(fd);
    unsigned char digest[32];
    EVP_DigestFinal_ex(context, digest, nullptr);
  });
}

void lstat_walk(const std::vector<std::string>& dirs, unsigned threads) {
  spread(dirs.size(), 4, threads, [&](std::size_t i) {
    DIR* dir = ::opendir(dirs[i].c_str());
    while (const dirent* entry = ::readdir(dir)) {
      if (entry->d_name[0] == '.') continue;
      struct stat info {};
      ::lstat((dirs[i] + "/" + entry->d_name).c_str(), &info);
    }
    ::closedir(dir);
  });
}

void fail(const char* what) {
  std::fprintf(stderr, "hash_perf: %s\n", what);
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "--verify") {
    hash::Tree tree(argv[2], argv[3], 2);
    if (!tree.open() || !tree.verify_all()) fail("something moved");
    // Not from getrusage: that counts what was in the memory before exec.
    std::ifstream status("/proc/self/status");
    for (std::string text; std::getline(status, text);) {
      if (!text.starts_with("VmHWM:")) continue;
      std::printf("%-44s %9.2f MB\n", "nothing to do: peak memory",
                  std::atof(text.c_str() + 6) / 1024);
    }
    return 0;
  }
  const auto argument = [&](int i, std::size_t otherwise) {
    return argc > i ? static_cast<std::size_t>(std::atoll(argv[i])) : otherwise;
  };
  const std::size_t dirs = argument(1, 500), each = argument(2, 100), size = argument(3, 1024);
  const auto threads = static_cast<unsigned>(argument(4, 2));
  const auto rounds = static_cast<int>(argument(5, 5));
  const bool one_set_a_file = argument(6, 0) != 0;

  const std::string top = make_temp_dir("/tmp", "hash-perf-").value();
  const std::string root = top + "/root", index = top + "/index";
  std::vector<std::string> dir_paths, files;
  std::vector<hash::SetSpec> specs;
  for (std::size_t d = 0; d < dirs; ++d) {
    const std::string dir = "pkg/p" + std::to_string(d) + "/src";
    dir_paths.push_back(root + "/" + dir);
    if (!make_dirs(dir_paths.back())) fail("cannot make the files");
    if (!one_set_a_file) specs.push_back({"pkg/p" + std::to_string(d), {"src/**"}, {}, false});
    for (std::size_t f = 0; f < each; ++f) {
      const std::string name = "f" + std::to_string(f) + ".c";
      files.push_back(dir_paths.back() + "/" + name);
      std::ofstream(files.back()) << std::string(size, static_cast<char>('a' + f % 26)) << d;
      if (one_set_a_file) specs.push_back({dir, {name}, {}, false});
    }
  }
  hash::wait_out_tick(hash::coarse_now_ns());
  std::printf("%zu files of %zu bytes in %zu directories, %zu sets, %u threads\n", files.size(),
              size, dirs, specs.size(), threads);

  const auto resolve_all = [&](hash::Tree& tree) {
    std::vector<hash::SetId> ids;
    for (const auto& spec : specs) ids.push_back(tree.add(spec));
    if (!tree.resolve(ids)) fail("cannot resolve");
  };
  const auto line = [](const char* name, double time) { std::printf("%-44s %9.2f\n", name, time); };

  line("first hash: two-thread EVP loop", best(rounds, [&] { evp_loop(files, threads); }));
  line("first hash: Tree", best(rounds, [&] {
         (void)::unlink(index.c_str());
         hash::Tree tree(root, index, threads);
         resolve_all(tree);
       }));
  line("  and the index saved", best(rounds, [&] {
         (void)::unlink(index.c_str());
         hash::Tree tree(root, index, threads);
         resolve_all(tree);
         if (!tree.save()) fail("cannot save");
       }));
  line("nothing to do: walk with lstat", best(rounds, [&] { lstat_walk(dir_paths, threads); }));
  line("nothing to do: Tree, open and verify_all", best(rounds, [&] {
         hash::Tree tree(root, index, threads);
         if (!tree.open() || !tree.verify_all()) fail("something moved");
       }));
  line("  and all sets resolved", best(rounds, [&] {
         hash::Tree tree(root, index, threads);
         if (!tree.open() || !tree.verify_all()) fail("something moved");
         resolve_all(tree);
         if (tree.stats().files_hashed > 0) fail("something was hashed");
       }));
  std::ofstream(files[files.size() / 2]) << "changed";
  line("one file changed: verify, resolve, save", best(1, [&] {
         hash::Tree tree(root, index, threads);
         if (!tree.open() || tree.verify_all()) fail("nothing moved");
         resolve_all(tree);
         if (tree.stats().files_hashed != 1) fail("more than one file was hashed");
         if (!tree.save()) fail("cannot save");
       }));
  std::fflush(stdout);
  // In a process of its own, which has nothing else in its memory.
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/proc/self/exe", "hash_perf", "--verify", root.c_str(), index.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  (void)remove_tree(top);
  return 0;
}
