// Runs a fuzz entry over its corpus: each file as it is, cut at each of its bytes, and with each byte changed.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    constexpr std::uint8_t flips[] = {0x01, 0x80, 0xff};
    std::size_t files = 0;
    std::size_t inputs = 0;
    for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
        std::ifstream file(entry.path(), std::ios::binary);
        std::vector<std::uint8_t> data{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
        ++files;
        for (std::size_t size = 0; size <= data.size(); ++size, ++inputs) {
            // A copy of its own size lets the address sanitizer see a read one past the end.
            const std::vector<std::uint8_t> cut(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(size));
            LLVMFuzzerTestOneInput(cut.data(), cut.size());
        }
        for (std::uint8_t& byte : data)
            for (const std::uint8_t flip : flips) {
                byte ^= flip;
                LLVMFuzzerTestOneInput(data.data(), data.size());
                byte ^= flip;
                ++inputs;
            }
    }
    std::printf("%zu files, %zu inputs\n", files, inputs);
    return files == 0 ? 1 : 0;
}
