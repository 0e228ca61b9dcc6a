// One process for one file: a lock on a file beside it, which the system drops with the process however it ends.
#pragma once

#include "risk/model/result.hpp"

#include <filesystem>

namespace margind::storage {

class FileLock {
public:
    /// Of `file` with ".lock" behind its name. Fails with `storage` when another holder has it, naming its process.
    static model::Result<FileLock> take(const std::filesystem::path& file);
    ~FileLock();
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&&) = delete;

private:
    explicit FileLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace margind::storage
