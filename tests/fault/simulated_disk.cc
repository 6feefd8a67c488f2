#include "fault/simulated_disk.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "env/posix_file.h"

namespace corelane::fault {
namespace {

std::vector<std::string> Components(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    std::string part = path.substr(begin, end - begin);
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

// Holds the memory and not the inode: what a file becomes after a crash is not the old process's.
class SimulatedDisk::SimulatedMapping final : public env::Mapping {
 public:
  SimulatedMapping(std::shared_ptr<FileMemory> memory, uint64_t size)
      : memory_(std::move(memory)), size_(size) {}

  [[nodiscard]] std::span<char> bytes() override { return {memory_->bytes(), size_}; }
  void Prefault(uint64_t /*offset*/, uint64_t /*size*/) override {}

 private:
  const std::shared_ptr<FileMemory> memory_;
  const uint64_t size_;
};

class SimulatedDisk::SimulatedLock final : public env::FileLock {
 public:
  SimulatedLock(SimulatedDisk& disk, std::string path)
      : disk_(disk), path_(std::move(path)), life_(disk.life_) {}
  SimulatedLock(const SimulatedLock&) = delete;
  SimulatedLock& operator=(const SimulatedLock&) = delete;
  ~SimulatedLock() override {
    const std::lock_guard lock(disk_.mutex_);
    if (disk_.life_ == life_) disk_.locked_.erase(path_);
  }

 private:
  SimulatedDisk& disk_;
  const std::string path_;
  const uint64_t life_;
};

class SimulatedDisk::SimulatedFile final : public env::File {
 public:
  SimulatedFile(SimulatedDisk& disk, SimulatedInode::Pointer inode, std::string path, bool writable)
      : disk_(disk),
        inode_(std::move(inode)),
        path_(std::move(path)),
        writable_(writable),
        life_(disk.life_) {}

  [[nodiscard]] Result<uint64_t> Size() override {
    const std::lock_guard lock(disk_.mutex_);
    RETURN_IF_ERROR(disk_.CheckAlive(life_, "stat", path_));
    return inode_->size();
  }

  [[nodiscard]] Result<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    const std::lock_guard lock(disk_.mutex_);
    RETURN_IF_ERROR(disk_.CheckAlive(life_, "read", path_));
    if (disk_.Strikes(disk_.rates_.read)) return env::SystemError(EIO, "read", path_);
    if (offset >= inode_->size()) return size_t{0};
    size_t count = std::min<uint64_t>(out.size(), inode_->size() - offset);
    if (disk_.Strikes(disk_.rates_.short_read)) count = disk_.random_.Uniform(count + 1);
    inode_->Read(offset, out.first(count));
    if (count != 0 && disk_.Strikes(disk_.rates_.read_flip)) {
      char& byte = out[disk_.random_.Uniform(count)];
      byte = static_cast<char>(byte ^ (1 << disk_.random_.Uniform(8)));
      disk_.rates_.read_flip = 0;
    }
    return count;
  }

  [[nodiscard]] Status WriteAt(uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    RETURN_IF_ERROR(BeginChange("write"));
    if (disk_.Strikes(disk_.rates_.write)) {
      inode_->Write(offset, bytes.substr(0, PartWritten(offset, bytes.size())));
      return env::SystemError(EIO, "write", path_);
    }
    if (!disk_.HasRoomFor(inode_->NewPages(offset, bytes.size()))) {
      return env::SystemError(ENOSPC, "write", path_);
    }
    inode_->Write(offset, bytes);
    return OkStatus();
  }

  [[nodiscard]] Status Allocate(uint64_t offset, uint64_t size) override {
    if (size == 0) return OkStatus();
    const std::lock_guard lock(disk_.mutex_);
    RETURN_IF_ERROR(BeginChange("allocate"));
    if (disk_.Strikes(disk_.rates_.allocate)) return env::SystemError(EIO, "allocate", path_);
    if (!disk_.HasRoomFor(inode_->NewPages(offset, size))) {
      return env::SystemError(ENOSPC, "allocate", path_);
    }
    inode_->Allocate(offset, size);
    return OkStatus();
  }

  [[nodiscard]] Status Truncate(uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    RETURN_IF_ERROR(BeginChange("truncate"));
    inode_->Resize(size);
    return OkStatus();
  }

  [[nodiscard]] Status Sync() override {
    const std::lock_guard lock(disk_.mutex_);
    RETURN_IF_ERROR(BeginSync());
    inode_->Sync();
    return OkStatus();
  }

  [[nodiscard]] Status SyncMapped(env::Mapping& /*mapping*/, uint64_t offset,
                                  uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    RETURN_IF_ERROR(BeginSync());
    inode_->SyncRange(offset, size);
    return OkStatus();
  }

  [[nodiscard]] Result<std::unique_ptr<env::Mapping>> Map(uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    RETURN_IF_ERROR(disk_.CheckAlive(life_, "map", path_));
    if (!writable_) return env::SystemError(EACCES, "map", path_);
    if (size == 0) return env::SystemError(EINVAL, "map", path_);
    if (size > kSimulatedFileBytesMax) return env::SystemError(ENOMEM, "map", path_);
    return std::unique_ptr<env::Mapping>(
        std::make_unique<SimulatedMapping>(inode_->memory(), size));
  }

 private:
  [[nodiscard]] Status BeginChange(std::string_view what) {
    if (!writable_) return env::SystemError(EBADF, what, path_);
    return disk_.BeginOperation(life_, what, path_);
  }

  [[nodiscard]] Status BeginSync() {
    RETURN_IF_ERROR(disk_.BeginOperation(life_, "sync", path_));
    if (!disk_.Strikes(disk_.rates_.sync)) return OkStatus();
    inode_->FailSync(disk_.random_);
    return env::SystemError(EIO, "sync", path_);
  }

  // A write that fails gets to the end of some sector, or nowhere.
  [[nodiscard]] size_t PartWritten(uint64_t offset, size_t size) {
    const uint64_t end = (offset + disk_.random_.Uniform(size + 1)) / kDiskSectorBytes;
    return static_cast<size_t>(std::max(end * kDiskSectorBytes, offset) - offset);
  }

  SimulatedDisk& disk_;
  const SimulatedInode::Pointer inode_;
  const std::string path_;
  const bool writable_;
  const uint64_t life_;
};

SimulatedDisk::SimulatedDisk() = default;

void SimulatedDisk::CrashAt(uint64_t operation) {
  const std::lock_guard lock(mutex_);
  operations_ = 0;
  crash_at_ = operation;
}

void SimulatedDisk::CrashNow() {
  const std::lock_guard lock(mutex_);
  if (!crashed_) Stop();
}

uint64_t SimulatedDisk::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

bool SimulatedDisk::crashed() const {
  // The lock orders it: who sees no crash here has stored before the snapshot of a later one.
  const std::lock_guard lock(mutex_);
  return crashed_;
}

void SimulatedDisk::LosePower(base::Random& random) {
  const std::lock_guard lock(mutex_);
  if (!crashed_) Stop();
  root_->LosePower(random);
  Restart();
}

void SimulatedDisk::KillProcess() {
  const std::lock_guard lock(mutex_);
  if (!crashed_) Stop();
  Restart();
}

std::unique_ptr<SimulatedDisk> SimulatedDisk::Fork() const {
  const std::lock_guard lock(mutex_);
  auto fork = std::make_unique<SimulatedDisk>();
  std::map<const SimulatedInode*, SimulatedInode::Pointer> copies;
  fork->root_ = root_->Clone(copies);
  for (const auto& [original, copy] : copies) {
    if (!copy->is_directory()) fork->files_.push_back(copy);
  }
  fork->capacity_bytes_ = capacity_bytes_;
  return fork;
}

void SimulatedDisk::SetFaults(const FaultRates& rates, uint64_t seed) {
  const std::lock_guard lock(mutex_);
  rates_ = rates;
  random_ = base::Random(seed);
}

void SimulatedDisk::SetCapacity(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_bytes_ = bytes;
}

Status SimulatedDisk::FlipBit(const std::string& path, uint64_t offset, int bit) {
  const std::lock_guard lock(mutex_);
  const Place place = Find(path);
  if (place.inode == nullptr || place.inode->is_directory() || offset >= place.inode->size()) {
    return env::SystemError(ENOENT, "flip a bit of", path);
  }
  place.inode->FlipBit(offset, bit);
  return OkStatus();
}

void SimulatedDisk::Stop() {
  crashed_ = true;
  std::set<const SimulatedInode*> done;
  root_->Detach(done);
}

void SimulatedDisk::Restart() {
  ++life_;
  operations_ = 0;
  crash_at_ = 0;
  crashed_ = false;
  rates_ = FaultRates();
  locked_.clear();
}

Status SimulatedDisk::CheckAlive(uint64_t life, std::string_view what,
                                 const std::string& path) const {
  return crashed_ || life != life_ ? env::SystemError(ESHUTDOWN, what, path) : OkStatus();
}

Status SimulatedDisk::BeginOperation(uint64_t life, std::string_view what,
                                     const std::string& path) {
  RETURN_IF_ERROR(CheckAlive(life, what, path));
  if (++operations_ == crash_at_) Stop();
  return CheckAlive(life, what, path);
}

bool SimulatedDisk::Strikes(uint64_t one_in) { return one_in != 0 && random_.OneIn(one_in); }

bool SimulatedDisk::HasRoomFor(uint64_t pages) const {
  if (capacity_bytes_ == UINT64_MAX || pages == 0) return true;
  for (const auto& file : files_) {
    if (const auto inode = file.lock()) pages += inode->allocated_pages();
  }
  return pages * kDiskPageBytes <= capacity_bytes_;
}

SimulatedDisk::Place SimulatedDisk::Find(const std::string& path) const {
  const std::vector<std::string> parts = Components(path);
  if (path.empty()) return {.directory = nullptr, .name = {}, .inode = nullptr, .error = ENOENT};
  Place place{.directory = nullptr, .name = {}, .inode = root_};
  for (const std::string& part : parts) {
    if (place.inode == nullptr) return {nullptr, part, nullptr, ENOENT};
    if (!place.inode->is_directory()) return {nullptr, part, nullptr, ENOTDIR};
    const auto found = place.inode->names().find(part);
    place.directory = place.inode;
    place.name = part;
    place.inode = found == place.directory->names().end() ? nullptr : found->second;
  }
  return place;
}

Result<std::unique_ptr<env::File>> SimulatedDisk::Open(const std::string& path,
                                                       env::OpenMode mode) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(CheckAlive(life_, "open", path));
  if (Strikes(rates_.open)) return env::SystemError(EIO, "open", path);
  Place place = Find(path);
  const bool create = mode == env::OpenMode::kCreateNew;
  if (place.error != 0) return env::SystemError(place.error, "open", path);
  if (create && place.inode != nullptr) return env::SystemError(EEXIST, "open", path);
  if (!create && place.inode == nullptr) return env::SystemError(ENOENT, "open", path);
  if (create) {
    RETURN_IF_ERROR(BeginOperation(life_, "open", path));
    place.inode = std::make_shared<SimulatedInode>(false);
    files_.push_back(place.inode);
    place.directory->Change({{place.name, place.inode}});
  }
  if (place.inode->is_directory()) return env::SystemError(EISDIR, "open", path);
  return std::unique_ptr<env::File>(
      std::make_unique<SimulatedFile>(*this, place.inode, path, mode != env::OpenMode::kRead));
}

Result<std::vector<std::string>> SimulatedDisk::List(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(CheckAlive(life_, "list", directory));
  const Place place = Find(directory);
  if (place.inode == nullptr) {
    return env::SystemError(place.error != 0 ? place.error : ENOENT, "list", directory);
  }
  if (!place.inode->is_directory()) return env::SystemError(ENOTDIR, "list", directory);
  std::vector<std::string> names;
  for (const auto& [name, inode] : place.inode->names()) names.push_back(name);
  return names;
}

Result<bool> SimulatedDisk::Exists(const std::string& path) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(CheckAlive(life_, "stat", path));
  return Find(path).inode != nullptr;
}

Status SimulatedDisk::MakeDirectory(const std::string& path) {
  const Place place = Find(path);
  if (place.error != 0) return env::SystemError(place.error, "create directory", path);
  if (place.inode != nullptr) {
    return place.inode->is_directory() ? OkStatus()
                                       : env::SystemError(EEXIST, "create directory", path);
  }
  RETURN_IF_ERROR(BeginOperation(life_, "create directory", path));
  place.directory->Change({{place.name, std::make_shared<SimulatedInode>(true)}});
  RETURN_IF_ERROR(BeginOperation(life_, "sync", path));
  place.directory->SyncNames();
  return OkStatus();
}

Status SimulatedDisk::CreateDirectories(const std::string& path) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(CheckAlive(life_, "create directory", path));
  if (path.empty()) return env::SystemError(ENOENT, "create directory", path);
  std::string parent;
  for (const std::string& part : Components(path)) {
    parent += "/" + part;
    RETURN_IF_ERROR(MakeDirectory(parent));
  }
  const Place made = Find(path);
  if (made.directory == nullptr) return OkStatus();
  RETURN_IF_ERROR(BeginOperation(life_, "sync", path));
  made.directory->SyncNames();
  return OkStatus();
}

Status SimulatedDisk::Rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(BeginOperation(life_, "rename", from));
  const Place source = Find(from);
  const Place target = Find(to);
  const std::string both = from + " to " + to;
  if (source.inode == nullptr || target.error != 0) return env::SystemError(ENOENT, "rename", both);
  if (source.directory != target.directory) return env::SystemError(EXDEV, "rename", both);
  if (source.inode == target.inode) return OkStatus();
  source.directory->Change({{target.name, source.inode}, {source.name, nullptr}});
  return OkStatus();
}

Status SimulatedDisk::Remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(CheckAlive(life_, "remove", path));
  const Place place = Find(path);
  if (place.error != 0) return env::SystemError(place.error, "remove", path);
  if (place.inode == nullptr) return env::SystemError(ENOENT, "remove", path);
  if (place.inode->is_directory()) return env::SystemError(EISDIR, "remove", path);
  return RemoveTree(place, path);
}

Status SimulatedDisk::RemoveRecursively(const std::string& path) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(CheckAlive(life_, "remove", path));
  const Place place = Find(path);
  if (place.inode == nullptr) return OkStatus();
  if (place.directory == nullptr) return env::SystemError(EBUSY, "remove", path);
  return RemoveTree(place, path);
}

Status SimulatedDisk::RemoveTree(const Place& place, const std::string& path) {
  if (place.inode->is_directory()) {
    const SimulatedInode::Names below = place.inode->names();
    for (const auto& [name, inode] : below) {
      RETURN_IF_ERROR(RemoveTree({place.inode, name, inode, 0}, path + "/" + name));
    }
  }
  RETURN_IF_ERROR(BeginOperation(life_, "remove", path));
  place.directory->Change({{place.name, nullptr}});
  return OkStatus();
}

Status SimulatedDisk::SyncDirectory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(BeginOperation(life_, "sync", path));
  const Place place = Find(path);
  if (place.inode == nullptr) {
    return env::SystemError(place.error != 0 ? place.error : ENOENT, "open", path);
  }
  if (!place.inode->is_directory()) return env::SystemError(ENOTDIR, "open", path);
  if (Strikes(rates_.sync_directory)) return env::SystemError(EIO, "sync", path);
  place.inode->SyncNames();
  return OkStatus();
}

Result<std::unique_ptr<env::FileLock>> SimulatedDisk::Lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(CheckAlive(life_, "open", path));
  const Place place = Find(path);
  if (place.error != 0) return env::SystemError(place.error, "open", path);
  if (place.inode == nullptr) {
    RETURN_IF_ERROR(BeginOperation(life_, "open", path));
    place.directory->Change({{place.name, std::make_shared<SimulatedInode>(false)}});
  }
  if (!locked_.insert(path).second) {
    return Status(StatusCode::kLocked, "lock " + path + ": another process holds it");
  }
  return std::unique_ptr<env::FileLock>(std::make_unique<SimulatedLock>(*this, path));
}

}  // namespace corelane::fault
