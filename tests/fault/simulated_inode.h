#pragma once

// SimulatedInode: a file or a directory of a SimulatedDisk, twice: as processes see it, and as it
// is on stable storage. What the two differ in is what a power loss may take.
//
// A file differs in pages of 4 KiB and in its size. A power loss leaves each page that was not
// synced old, new, or torn: some of its sectors of 512 bytes are old, some new, in no order, as a
// drive with a cache of its own writes them.
//
// A directory differs in a list of changes, each of which is there after a power loss or not. ext4
// and xfs keep the order of such changes, over all directories: their journals lose a suffix. btrfs
// and f2fs write the names of a file that is synced ahead of changes that came before, and ext2
// writes blocks in any order. LosePower() therefore either cuts a suffix off or, which is harsher,
// takes each change or leaves it. A rename is one change everywhere.
//
// Belongs to its SimulatedDisk, whose lock covers everything here but stores into memory().

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"

namespace corelane::fault {

inline constexpr size_t kDiskPageBytes = 4096;
inline constexpr size_t kDiskSectorBytes = 512;
// Address space is taken for every file at once, so that mappings stay where they are; memory only
// for what is stored.
inline constexpr size_t kSimulatedFileBytesMax = size_t{16} << 20;

// Zeroed memory for one file.
class FileMemory {
 public:
  FileMemory();
  FileMemory(const FileMemory&) = delete;
  FileMemory& operator=(const FileMemory&) = delete;
  ~FileMemory();
  [[nodiscard]] char* bytes() const { return bytes_; }

 private:
  char* bytes_;
};

class SimulatedInode {
 public:
  using Pointer = std::shared_ptr<SimulatedInode>;
  using Names = std::map<std::string, Pointer>;

  explicit SimulatedInode(bool is_directory);

  [[nodiscard]] bool is_directory() const { return is_directory_; }

  // A file.
  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] const std::shared_ptr<FileMemory>& memory() const { return memory_; }
  void Read(uint64_t offset, std::span<char> out) const;
  void Write(uint64_t offset, std::string_view bytes);
  void Resize(uint64_t size);
  // Pages with disk space behind them, and how many more [offset, offset + size) would take.
  [[nodiscard]] uint64_t allocated_pages() const;
  [[nodiscard]] uint64_t NewPages(uint64_t offset, uint64_t size) const;
  void Allocate(uint64_t offset, uint64_t size);
  // Everything, and the size.
  void Sync();
  // The pages of [offset, offset + size), and as much of the size as it takes to find them again.
  void SyncRange(uint64_t offset, uint64_t size);
  // What Linux makes of a sync that fails: some pages have reached the disk, and the others are
  // called clean all the same, so that no later sync writes them unless they are written again.
  void FailSync(base::Random& random);
  // Flips a bit of both copies: the medium has gone bad, and nobody has read it yet.
  void FlipBit(uint64_t offset, int bit);
  // From here on mappings of it and of all below it store into memory that nobody looks at. `done`
  // has those that were seen to already.
  void Detach(std::set<const SimulatedInode*>& done);

  // A directory.
  [[nodiscard]] const Names& names() const { return names_; }
  // One change; null takes a name away.
  void Change(std::vector<std::pair<std::string, Pointer>> change);
  void SyncNames();

  // This inode and all below it, as the machine finds them after a power loss.
  void LosePower(base::Random& random);

  // A copy of this inode and all below it. `copies` has those that were made already.
  [[nodiscard]] Pointer Clone(std::map<const SimulatedInode*, Pointer>& copies) const;

 private:
  using Page = std::array<char, kDiskPageBytes>;

  [[nodiscard]] Page Visible(uint64_t page) const;
  [[nodiscard]] Page Durable(uint64_t page) const;
  void SetDurable(uint64_t page, const Page& content);
  void SyncPage(uint64_t page);
  [[nodiscard]] uint64_t SizeAfterPowerLoss(base::Random& random) const;
  [[nodiscard]] Page PageAfterPowerLoss(uint64_t page, base::Random& random) const;
  void LoseBytes(base::Random& random);
  void LoseNames(base::Random& random);

  const bool is_directory_;

  std::shared_ptr<FileMemory> memory_;
  uint64_t size_ = 0;
  std::vector<bool> allocated_;        // by page
  std::string durable_;                // as long as the durable size
  std::map<uint64_t, Page> given_up_;  // pages that a failed sync has left out, as they were then

  Names names_;
  Names durable_names_;
  std::vector<std::vector<std::pair<std::string, Pointer>>> changes_;  // since the last sync
};

}  // namespace corelane::fault
