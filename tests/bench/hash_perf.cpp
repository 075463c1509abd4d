// How long the file work of a run takes, next to what a plain program needs for the same files on
// as many threads: first hash against an EVP loop, nothing to do against a walk with lstat. Prints
// the best of some rounds in milliseconds, and the peak memory of a process that has nothing to do.
// Usage: hash_perf [directories] [files in each] [bytes of a file] [threads] [rounds] [one set a
//          file]
//        hash_perf --first ROUNDS THREADS DIR   the files of an existing tree, Tree and EVP loop in
//          turn: median ms of both, median ratio (EVP loop / Tree); then of a second run: ms,
//          lookups, hits
//        hash_perf --recheck ROUNDS DIR         median ms of looking at its files again after a run
//        hash_perf --walk THREADS DIR           walks each directory in DIR with lstat, for compare
// SPDX-License-Identifier: MIT
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
#include <filesystem>
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

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// All that is below a directory, with lstat.
void lstat_below(const std::string& top) {
  DIR* dir = ::opendir(top.c_str());
  if (dir == nullptr) fail("cannot open a directory");
  while (const dirent* entry = ::readdir(dir)) {
    if (entry->d_name[0] == '.') continue;
    const std::string path = top + "/" + entry->d_name;
    struct stat info {};
    ::lstat(path.c_str(), &info);
    if (S_ISDIR(info.st_mode)) lstat_below(path);
  }
  ::closedir(dir);
}

int walk(unsigned threads, const std::string& top) {
  std::vector<std::string> below;
  for (const auto& entry : std::filesystem::directory_iterator(top)) below.push_back(entry.path());
  spread(below.size(), 4, threads, [&](std::size_t i) { lstat_below(below[i]); });
  return 0;
}

// A Tree with an index of its own beside the project's.
struct Scratch {
  std::string dir = make_temp_dir("/tmp", "hash-perf-").value();
  std::string index = dir + "/index";
  ~Scratch() { (void)remove_tree(dir); }
};

hash::SetId resolve_all_below(hash::Tree& tree) {
  const hash::SetId all[] = {tree.add({})};
  if (!tree.resolve(all)) fail("cannot resolve");
  return all[0];
}

int first(int rounds, unsigned threads, const std::string& dir) {
  const Scratch scratch;
  std::vector<std::string> files;
  {
    hash::Tree tree(dir, scratch.index, threads);
    tree.each(resolve_all_below(tree), [&](const hash::TreeEntry& entry) {
      files.push_back(dir + "/" + std::string(entry.path));
    });
  }
  std::vector<double> tree_times, loop_times, ratios, second_times;
  for (int i = 0; i <= rounds; ++i) {
    (void)::unlink(scratch.index.c_str());
    const double tree_time = best(1, [&] {
      hash::Tree tree(dir, scratch.index, threads);
      resolve_all_below(tree);
    });
    const double loop_time = best(1, [&] { evp_loop(files, threads); });
    if (i == 0) continue;  // it filled the page cache
    tree_times.push_back(tree_time);
    loop_times.push_back(loop_time);
    ratios.push_back(loop_time / tree_time);
  }
  {
    hash::Tree tree(dir, scratch.index, threads);
    resolve_all_below(tree);
    if (!tree.save()) fail("cannot save");
  }
  hash::TreeStats stats;
  for (int i = 0; i < rounds; ++i) {
    second_times.push_back(best(1, [&] {
      hash::Tree tree(dir, scratch.index, threads);
      if (!tree.open()) fail("cannot open");
      resolve_all_below(tree);
      stats = tree.stats();
    }));
  }
  std::printf("%.3f\t%.3f\t%.4f\t%.3f\t%llu\t%llu\n", median(tree_times), median(loop_times),
              median(ratios), median(second_times), static_cast<unsigned long long>(stats.lookups),
              static_cast<unsigned long long>(stats.hits));
  return 0;
}

int recheck(int rounds, const std::string& dir) {
  const Scratch scratch;
  hash::Tree tree(dir, scratch.index, 2);
  const hash::SetId all = resolve_all_below(tree);
  const hash::Mark mark = tree.mark(all);
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    times.push_back(best(1, [&] {
      if (!tree.recheck(all, mark)) fail("something moved");
    }));
  }
  std::printf("%.4f\t%zu\n", median(times), tree.count(all));
  return 0;
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
  const std::string mode = argc > 1 ? argv[1] : "";
  const auto number = [&](int i) { return std::max(1, std::atoi(argv[i])); };
  if (argc == 5 && mode == "--first") {
    return first(number(2), static_cast<unsigned>(number(3)), argv[4]);
  }
  if (argc == 4 && mode == "--recheck") return recheck(number(2), argv[3]);
  if (argc == 4 && mode == "--walk") return walk(static_cast<unsigned>(number(2)), argv[3]);
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
