// One process for one file: a lock on a file beside it, which the system drops with the process however it ends.
#include "storage/file_lock.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace margind::storage {
namespace {

// The process that holds it wrote its number there.
std::string holder(int descriptor) {
    std::array<char, 16> text{};
    const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
    std::string digits;
    for (ssize_t i = 0; i < size; ++i) {
        const char c = text[static_cast<std::size_t>(i)];
        if (c < '0' || c > '9') break;
        digits += c;
    }
    return digits.empty() ? "another process" : "process " + digits;
}

}  // namespace

model::Result<FileLock> FileLock::take(const std::filesystem::path& file) {
    const std::string name = file.string() + ".lock";
    int descriptor = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    // Who may only read can lock as well, and is told by SQLite that nothing can be written.
    if (descriptor < 0 && errno == EACCES) descriptor = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return model::fail(model::ErrorCode::storage, fmt::format("database {}: its lock {} cannot be opened: {}", file.string(), name, std::strerror(errno)));
    FileLock lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return model::fail(model::ErrorCode::storage, fmt::format("database {}: {} cannot be locked: {}", file.string(), name, std::strerror(errno)));
        return model::fail(model::ErrorCode::storage, fmt::format("database {}: {} writes it; one daemon writes one database: stop that one, or give this one another "
                                                                  "path in [storage]", file.string(), holder(descriptor)));
    }
    // The lock holds without it, too: on a full disk the number is missing.
    const std::string number = std::to_string(::getpid()) + "\n";
    if (::ftruncate(descriptor, 0) == 0) static_cast<void>(::pwrite(descriptor, number.data(), number.size(), 0));
    return lock;
}

FileLock::~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

}  // namespace margind::storage
