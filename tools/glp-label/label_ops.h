// What the options do to labels and metadata, in their order.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/labels.h"
#include "stages/fields.h"
#include "stages/relabel.h"

namespace glp::label {

// Whether a label may have this name. Errors: Code::kUsage with the name and what is allowed.
Status CheckName(std::string_view name);

class LabelOps {
 public:
  // Each is the action of the option of that name. Errors: Code::kUsage.
  Status AddSet(std::string_view text);        // NAME=VALUE
  Status AddFromField(std::string_view text);  // LABEL or LABEL=FIELD, separated by commas
  Status AddFromPath();
  Status AddRename(std::string_view text);  // OLD=NEW, separated by commas
  Status AddDrop(std::string_view text);    // NAME,…
  Status AddKeep(std::string_view text);    // NAME,…
  Status AddMeta(std::string_view text);    // NAME or NAME=SOURCE, separated by commas
  void AddRelabel(std::string_view path);   // a file of relabel_configs

  // Reads the files that are named. Errors: Code::kUsage with file:line:column, I/O.
  Status Load();

  bool empty() const { return ops_.empty(); }
  // Whether the result depends on more than the labels.
  bool reads_fields() const { return reads_fields_; }
  bool writes_meta() const { return writes_meta_; }

  // False where a rule drops the record. REQUIRES: Load.
  bool Apply(Labels* labels, stages::FieldSet* fields, stages::FieldSet* meta) const;

 private:
  enum class Kind { kSet, kFromField, kFromPath, kRename, kDrop, kKeep, kMeta, kRelabel };
  struct Op {
    Kind kind;
    std::vector<Label> pairs = {};  // name and value, field or new name; names alone; a path
    std::shared_ptr<const stages::Relabeler> relabeler = {};  // kRelabel
  };

  std::vector<Op> ops_;
  bool reads_fields_ = false;
  bool writes_meta_ = false;
};

}  // namespace glp::label
