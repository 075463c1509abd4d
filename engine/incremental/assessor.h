// Which tasks are up to date, and the key of each: brings together what a task is (Definitions),
// the project's files (Tree), what was made last (Results) and what tasks need (Graph). Decides
// nothing about results that lie elsewhere (engine/cache) and runs nothing.
//
// A key is the digest of the fixed parts, the variables, the programs, the input files, and what
// each need contributes: the digest of its outputs, so that a rebuilt but identical dependency does
// not touch its dependents, or its key when it declares none. A task that does not say what it
// reads (kReadsAll) has in its key what its needs' needs have made, too. Where an input that is
// named is a link, what it leads to counts beside it.
//
// One thread at a time: the loop's, or a worker that was given the whole object.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "graph/plan.h"
#include "hash/tree.h"
#include "incremental/definitions.h"
#include "incremental/known.h"
#include "incremental/programs.h"
#include "incremental/results.h"

namespace ggen::incremental {

// How a task stands in this run.
enum class Standing : std::uint8_t {
  open,     // not looked at, or what it needs has not ended
  unkeyed,  // has no key: it always runs
  stale,    // its key is known and it is not up to date
  fresh,    // up to date, nothing to do
  ended,    // ran or was restored in this run
};

// What a program is: the letter of its kind (hash/tree_digest.h) and its content.
struct Program {
  char letter = 0;
  Digest digest;
};

struct Assessment {
  Standing standing = Standing::open;
  Digest key;
  std::optional<LastResult> last;  // what this checkout made last, whatever its key
  bool outputs_moved = false;      // the key is the same, the outputs are not what was made
  std::string problem;             // why it has no key, if files are the reason
};

// What a run of a task is checked against afterwards.
struct InputMarks {
  struct Set {
    hash::SetId set{};
    hash::Mark mark;
    std::vector<std::pair<std::string, hash::Stamp>> entries;  // to name the one that moved
  };
  std::vector<Set> sets;
  // Whether what comes and goes in its directories counts: not where a task does not say what it
  // reads, because then it is most likely the task's own.
  bool exact = false;
  std::optional<std::string> moved;  // what was not any more as its key has it when it started
};

struct Outputs {
  Digest digest;
  std::uint64_t bytes = 0;
  std::vector<std::string> missing;  // declared by name and not there
  bool none = false;                 // a pattern that found nothing at all
};

class Assessor {
 public:
  // Whether a result that is in place may still be served (a plugin's decision).
  using Policy = std::function<bool(TaskId, const LastResult&)>;

  // `root` is the directory of the project, absolute. All references must outlive the assessor.
  Assessor(hash::Tree& tree, std::string root, const graph::Graph& graph, Definitions definitions,
           Results& results, Environment environment, Programs& programs);

  // What an earlier conclude() wrote down, if it is about this `situation` (situation.h) and this
  // graph: judge() then looks only at the tasks whose files moved since, and gives the same verdict
  // as if it had looked at all of them. Tree::verify_all() comes before it; once is enough.
  void know(std::string_view note, const Digest& situation);

  // Judges the tasks of a plan, before anything runs. What needs a task that is not up to date
  // stays open, and so does what is held, and what comes after either. A service is fresh when
  // nobody who needs it has to run and it was not `asked` for.
  void judge(const graph::Plan& plan, const std::vector<bool>& asked, const Policy& policy);
  // All of `order` is up to date, as an earlier run found and nothing changed since.
  void trust(std::span<const TaskId> order);
  // The same for one task, whose needs have ended. Looks at its files again after new_epoch().
  Assessment assess(TaskId task);
  // Whether assess() would be over in no time: see Tree::is_quick().
  bool is_quick(TaskId task) { return tree_.is_quick(sets_of(definitions_.task(task))); }
  // At the end: judges the plan once more, as the next run would with the files as the index will
  // have them. `looked`: somebody has looked at files since judge(). The note is for the next
  // know(). Nothing else may look before the index is saved.
  struct Conclusion {
    bool all_fresh = false;  // if nothing moves and nothing refuses, there is nothing to do
    std::string note;
  };
  Conclusion conclude(const graph::Plan& plan, bool looked);
  Standing standing(TaskId task) const { return standings_[task]; }
  const Digest& key(TaskId task) const { return keys_[task]; }

  // Something has run: files are looked at again before the next judgement on them.
  void new_epoch() { tree_.new_epoch(); }

  // Before a task runs: waits until every later change of its inputs can be seen, and notes how
  // they are; what the tasks that it needs made is an input as well. Nothing when they changed
  // while it waited: assess() again. Afterwards: the first input that moved meanwhile, even if it
  // moved back, or the directory in which something came and went.
  Result<std::optional<InputMarks>> mark(TaskId task);
  // Whether mark() would be over in no time; what has to be waited for is not.
  bool is_mark_quick(TaskId task);
  std::optional<std::string> moved(const InputMarks& marks);

  // What a run of the task may look at, resolved: its declared inputs with what links among them
  // lead to, and what the tasks that it needs made; through those that make nothing what they need.
  Result<std::vector<hash::SetId>> visible(TaskId task);

  // Reads the declared outputs as they are now.
  Result<Outputs> read_outputs(TaskId task);
  bool is_read_quick(TaskId task);
  // Nothing when it declares none.
  std::optional<hash::SetId> output_set(TaskId task);
  // The declared patterns, relative to the root.
  std::vector<std::string> output_patterns(TaskId task) const;

  // The task has ended: what it contributes to those that need it is known. `result` is what it
  // made; nothing when that may not be relied upon next time. `how` is empty, or what happened to
  // it instead of success: those that need it have another key then, and none if it is "unknown".
  // `outcome` says why there is no result; one that was skipped left what there was as it was.
  void ended(TaskId task, const std::optional<LastResult>& result, std::string_view how = {},
             Outcome outcome = Outcome::kept);

  // After something may have changed the outputs of a task that has ended well (a hook): they are
  // looked at, and what they are now is what it contributes. What this checkout made stays what it
  // was. Whether they are others than before.
  Result<bool> look_again(TaskId task);
  // The task takes no part in this run, and what is known of its last result stays. Those that need
  // it see its outputs as they are now; where it declares none, they have keys that no complete run
  // gives them.
  Result<void> leave_out(TaskId task);

  // All parts of a key, in their order. Only after the key is known.
  Result<std::vector<Part>> parts(TaskId task);

  const Definitions& definitions() const { return definitions_; }
  const graph::Graph& graph() const { return graph_; }
  hash::Tree& tree() { return tree_; }
  Results& results() { return results_; }

 private:
  // What a link leads to: a file, or all that is in a directory.
  struct Target {
    std::string link;  // as TreeEntry::path
    hash::SetId set{};
    bool directory = false;
  };

  // What a set names without wildcards, sorted; and its digest when none of that was a link.
  struct Literals {
    std::vector<std::string> paths;
    Digest without_links;
  };

  // Of each task: whether it gives to keys what it gave when the note was written, and whether all
  // below it does.
  struct Same {
    explicit Same(std::size_t tasks) : given(tasks, false), below(tasks, false) {}
    std::vector<bool> given, below;
  };

  hash::SetId set_id(std::uint32_t number);
  // What all tasks declare to write.
  std::vector<hash::SetSpec> all_outputs() const;
  std::optional<hash::SetSpec> tool_spec(const Tool& tool) const;
  std::optional<hash::SetId> tool_set(const Tool& tool);
  std::vector<hash::SetId> sets_of(const Definition& definition);
  // What a run of the task must not change: its inputs, and what the tasks it needs made.
  std::vector<hash::SetId> marked_sets(TaskId task, const Definition& definition);
  const References& references_of(std::uint32_t number);
  // Nothing for one that is not found, or does not count (Tool::later).
  std::optional<Program> program(const Tool& tool);
  // What the links lead to that the patterns of a set name. Only of a set that is resolved.
  const Literals& literals(std::uint32_t number);
  std::vector<Target> targets_of(std::uint32_t number);
  // Adds the sets of what links lead to, resolved.
  void add_targets(const Definition& definition, std::vector<hash::SetId>& sets);
  // What the needs of a task have made, and theirs: zero when there is nothing, nothing when it
  // cannot be told.
  std::optional<Digest> made_below(TaskId task);
  template <class Visitor>
  void visit_files(std::uint32_t number, Visitor& visitor);
  template <class Visitor>
  void visit(TaskId task, const Definition& definition, Visitor& visitor);
  // What is wrong with the files of a task, or nullptr.
  const Error* problem(const std::vector<hash::SetId>& sets) const;
  void judge_one(TaskId task, const Policy& policy, const graph::Plan* plan);
  void judge_known(TaskId task, const Policy& policy, const graph::Plan& plan);
  // Whether some file of the task may have, since the index was written.
  bool has_moved(const Definition& definition);
  bool is_as_before(TaskId task, const Definition& definition, Same& same);
  bool leads_on(const Definition& definition);
  bool may_lead_on(const Definition& definition);
  Known known_now(const graph::Plan& plan);
  // With a plan what a task merely comes after counts as well.
  bool needs_have_ended(TaskId task, const graph::Plan* plan) const;
  void start_services(const graph::Plan& plan, std::span<const TaskId> order,
                      const std::vector<bool>& asked);
  // Nothing when what it needs has no key and no outputs.
  std::optional<Digest> make_key(TaskId task, const Definition& definition);
  void sorted_needs(TaskId task, std::vector<TaskId>& needs) const;
  void settle(TaskId task, Standing standing, const Digest& outputs);
  // A need whose outputs are not what it contributed to the key, as of the last look.
  std::optional<TaskId> altered_need(TaskId task);

  hash::Tree& tree_;
  std::string root_;
  const graph::Graph& graph_;
  Definitions definitions_;
  Results& results_;
  Environment environment_;
  Programs& programs_;

  graph::DenseMap<TaskId, Standing> standings_;
  graph::DenseMap<TaskId, Digest> keys_;
  // What a task gives to the keys of those that need it; zero: it cannot be told.
  graph::DenseMap<TaskId, Digest> contributions_;
  Known known_;
  Digest situation_;  // that known_ is about; zero: none
  // Answers of has_moved() by number of the definitions, and what they went by.
  enum class Answer : std::uint8_t { unknown, no, yes };
  std::vector<Answer> set_moved_, references_moved_;
  std::optional<std::vector<std::string>> judged_by_;
  std::vector<bool> leads_on_;     // of the tasks that judge() looked at
  std::map<TaskId, Digest> made_;  // of those that ended without success
  std::unordered_map<std::uint32_t, std::optional<Digest>> below_;  // made_below() by task
  std::map<std::uint32_t, Literals> literals_;                      // by number of the definitions
  std::vector<std::optional<hash::SetId>> set_ids_;                 // by number of the definitions
  std::map<std::uint32_t, References> references_;                  // read
  std::map<std::pair<std::string, bool>, hash::SetId> tool_sets_;   // by path
  std::vector<TaskId> needs_;
};

// "a/b.c" as a pattern that matches nothing else.
std::string escape_pattern(std::string_view name);

}  // namespace ggen::incremental
