#include "fault/simulated_inode.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"

namespace corelane::fault {
namespace {

uint64_t PagesOf(uint64_t bytes) { return (bytes + kDiskPageBytes - 1) / kDiskPageBytes; }

// A disk reads memory while processes store into it, and so does this; the thread sanitizer is not
// to mind. In words, as memcpy would be watched.
__attribute__((no_sanitize("thread"))) void CopyWhileStored(char* to, const char* from,
                                                            size_t size) {
  size_t done = 0;
  for (; done + sizeof(uint64_t) <= size; done += sizeof(uint64_t)) {
    uint64_t word;
    __builtin_memcpy(&word, from + done, sizeof(word));
    __builtin_memcpy(to + done, &word, sizeof(word));
  }
  for (; done < size; ++done) to[done] = from[done];
}

}  // namespace

FileMemory::FileMemory()
    : bytes_(static_cast<char*>(mmap(nullptr, kSimulatedFileBytesMax, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
  CHECK(bytes_ != MAP_FAILED);
}

FileMemory::~FileMemory() { munmap(bytes_, kSimulatedFileBytesMax); }

SimulatedInode::SimulatedInode(bool is_directory)
    : is_directory_(is_directory),
      memory_(is_directory ? nullptr : std::make_shared<FileMemory>()) {}

void SimulatedInode::Read(uint64_t offset, std::span<char> out) const {
  CHECK(offset + out.size() <= size_);
  CopyWhileStored(out.data(), memory_->bytes() + offset, out.size());
}

void SimulatedInode::Write(uint64_t offset, std::string_view bytes) {
  CHECK(offset + bytes.size() <= kSimulatedFileBytesMax);
  if (bytes.empty()) return;
  Allocate(offset, bytes.size());
  std::memcpy(memory_->bytes() + offset, bytes.data(), bytes.size());
  // Even the same bytes make a page dirty.
  given_up_.erase(given_up_.lower_bound(offset / kDiskPageBytes),
                  given_up_.lower_bound(PagesOf(offset + bytes.size())));
}

void SimulatedInode::Resize(uint64_t size) {
  CHECK(size <= kSimulatedFileBytesMax);
  if (size < size_) std::memset(memory_->bytes() + size, 0, size_ - size);
  size_ = size;
  if (allocated_.size() > PagesOf(size)) allocated_.resize(PagesOf(size));
}

uint64_t SimulatedInode::allocated_pages() const {
  return static_cast<uint64_t>(std::count(allocated_.begin(), allocated_.end(), true));
}

uint64_t SimulatedInode::NewPages(uint64_t offset, uint64_t size) const {
  uint64_t pages = 0;
  for (uint64_t page = offset / kDiskPageBytes; page < PagesOf(offset + size); ++page) {
    if (page >= allocated_.size() || !allocated_[page]) ++pages;
  }
  return pages;
}

void SimulatedInode::Allocate(uint64_t offset, uint64_t size) {
  const uint64_t end = offset + size;
  CHECK(end <= kSimulatedFileBytesMax);
  if (allocated_.size() < PagesOf(end)) allocated_.resize(PagesOf(end));
  for (uint64_t page = offset / kDiskPageBytes; page < PagesOf(end); ++page) {
    allocated_[page] = true;
  }
  // Whoever had stored there already would have died of it on a real machine.
  if (end > size_) {
    const char* const fresh = memory_->bytes() + size_;
    CHECK(fresh[0] == 0 && std::memcmp(fresh, fresh + 1, end - size_ - 1) == 0);
  }
  size_ = std::max(size_, end);
}

SimulatedInode::Page SimulatedInode::Visible(uint64_t page) const {
  Page content{};
  const uint64_t begin = page * kDiskPageBytes;
  if (begin < size_) {
    CopyWhileStored(content.data(), memory_->bytes() + begin,
                    std::min<uint64_t>(kDiskPageBytes, size_ - begin));
  }
  return content;
}

SimulatedInode::Page SimulatedInode::Durable(uint64_t page) const {
  Page content{};
  const uint64_t begin = page * kDiskPageBytes;
  if (begin < durable_.size()) durable_.copy(content.data(), kDiskPageBytes, begin);
  return content;
}

void SimulatedInode::SetDurable(uint64_t page, const Page& content) {
  const uint64_t begin = page * kDiskPageBytes;
  if (begin >= durable_.size()) return;
  const size_t count = std::min<uint64_t>(kDiskPageBytes, durable_.size() - begin);
  std::memcpy(durable_.data() + begin, content.data(), count);
}

void SimulatedInode::SyncPage(uint64_t page) {
  const Page visible = Visible(page);
  if (const auto found = given_up_.find(page); found != given_up_.end()) {
    if (found->second == visible) return;
    given_up_.erase(found);
  }
  SetDurable(page, visible);
}

void SimulatedInode::Sync() {
  durable_.resize(size_);
  for (uint64_t page = 0; page < PagesOf(size_); ++page) SyncPage(page);
}

void SimulatedInode::SyncRange(uint64_t offset, uint64_t size) {
  const uint64_t end = std::min(size_, PagesOf(offset + size) * kDiskPageBytes);
  if (durable_.size() < end) durable_.resize(end);
  for (uint64_t page = offset / kDiskPageBytes; page < PagesOf(end); ++page) SyncPage(page);
}

void SimulatedInode::FailSync(base::Random& random) {
  if (random.OneIn(2)) durable_.resize(std::max<uint64_t>(durable_.size(), size_));
  for (uint64_t page = 0; page < PagesOf(size_); ++page) {
    const Page visible = Visible(page);
    if (visible == Durable(page)) continue;
    if (random.OneIn(2)) {
      SyncPage(page);
    } else {
      given_up_[page] = visible;
    }
  }
}

void SimulatedInode::FlipBit(uint64_t offset, int bit) {
  CHECK(offset < size_);
  char* const byte = memory_->bytes() + offset;
  *byte = static_cast<char>(*byte ^ (1 << bit));
  if (offset < durable_.size()) durable_[offset] = static_cast<char>(durable_[offset] ^ (1 << bit));
}

void SimulatedInode::Detach(std::set<const SimulatedInode*>& done) {
  if (!done.insert(this).second) return;
  for (const auto& [name, inode] : names_) inode->Detach(done);
  // A file that was removed can still be mapped, and can come back.
  for (const auto& [name, inode] : durable_names_) inode->Detach(done);
  for (const auto& change : changes_) {
    for (const auto& [name, inode] : change) {
      if (inode != nullptr) inode->Detach(done);
    }
  }
  if (is_directory_) return;
  auto memory = std::make_shared<FileMemory>();
  CopyWhileStored(memory->bytes(), memory_->bytes(), size_);
  memory_ = std::move(memory);
}

void SimulatedInode::Change(std::vector<std::pair<std::string, Pointer>> change) {
  for (const auto& [name, inode] : change) {
    if (inode == nullptr) {
      names_.erase(name);
    } else {
      names_[name] = inode;
    }
  }
  changes_.push_back(std::move(change));
}

void SimulatedInode::SyncNames() {
  durable_names_ = names_;
  changes_.clear();
}

void SimulatedInode::LosePower(base::Random& random) {
  if (!is_directory_) return LoseBytes(random);
  LoseNames(random);
  for (const auto& [name, inode] : names_) inode->LosePower(random);
}

void SimulatedInode::LoseNames(base::Random& random) {
  const bool in_order = random.OneIn(2);
  const uint64_t kept = random.Uniform(changes_.size() + 1);
  for (size_t i = 0; i < changes_.size(); ++i) {
    if (in_order ? i >= kept : random.OneIn(2)) continue;
    for (const auto& [name, inode] : changes_[i]) {
      if (inode == nullptr) {
        durable_names_.erase(name);
      } else {
        durable_names_[name] = inode;
      }
    }
  }
  names_ = durable_names_;
  changes_.clear();
}

uint64_t SimulatedInode::SizeAfterPowerLoss(base::Random& random) const {
  const uint64_t before = durable_.size();
  switch (random.Uniform(3)) {
    case 0:
      return before;
    case 1:
      return size_;
    default:
      // A file grows page by page; it shrinks at once.
      if (size_ <= before) return random.OneIn(2) ? before : size_;
      return std::min(size_, before + kDiskPageBytes * random.Uniform(PagesOf(size_ - before)));
  }
}

SimulatedInode::Page SimulatedInode::PageAfterPowerLoss(uint64_t page, base::Random& random) const {
  Page result = Durable(page);
  const Page visible = Visible(page);
  if (visible == result) return result;
  const auto given_up = given_up_.find(page);
  if (given_up != given_up_.end() && given_up->second == visible) return result;
  const uint64_t fate = random.Uniform(3);
  for (size_t sector = 0; sector < kDiskPageBytes; sector += kDiskSectorBytes) {
    const bool is_new = fate == 0 || (fate == 1 && random.OneIn(2));
    if (is_new) std::memcpy(result.data() + sector, visible.data() + sector, kDiskSectorBytes);
  }
  return result;
}

void SimulatedInode::LoseBytes(base::Random& random) {
  const uint64_t size = SizeAfterPowerLoss(random);
  std::vector<Page> pages;
  for (uint64_t page = 0; page < PagesOf(size); ++page) {
    pages.push_back(PageAfterPowerLoss(page, random));
  }
  durable_.assign(size, '\0');
  for (uint64_t page = 0; page < pages.size(); ++page) SetDurable(page, pages[page]);
  given_up_.clear();
  memory_ = std::make_shared<FileMemory>();
  size_ = size;
  std::memcpy(memory_->bytes(), durable_.data(), size);
  allocated_.assign(PagesOf(size), true);
}

SimulatedInode::Pointer SimulatedInode::Clone(
    std::map<const SimulatedInode*, Pointer>& copies) const {
  if (const auto found = copies.find(this); found != copies.end()) return found->second;
  const auto copy = std::make_shared<SimulatedInode>(is_directory_);
  copies[this] = copy;
  if (!is_directory_) std::memcpy(copy->memory_->bytes(), memory_->bytes(), size_);
  copy->size_ = size_;
  copy->allocated_ = allocated_;
  copy->durable_ = durable_;
  copy->given_up_ = given_up_;
  const auto clone = [&](const Pointer& inode) {
    return inode == nullptr ? nullptr : inode->Clone(copies);
  };
  for (const auto& [name, inode] : names_) copy->names_[name] = clone(inode);
  for (const auto& [name, inode] : durable_names_) copy->durable_names_[name] = clone(inode);
  for (const auto& change : changes_) {
    auto& copied = copy->changes_.emplace_back();
    for (const auto& [name, inode] : change) copied.emplace_back(name, clone(inode));
  }
  return copy;
}

}  // namespace corelane::fault
