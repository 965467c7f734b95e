/// One reader under libFuzzer: `ReadersFuzz jma|cap|qzss|shelters [options of libFuzzer] [folders of seeds]`.
///
///     seeds ──▶ Mutator (elements, texts, bits under a right CRC) ──▶ Trial (reads, and looks at what came out)
///                     ▲                                                  │
///                     └────────────── what reached new code ◀────────────┘
///
/// A crash, an answer that breaks a promise and an input that takes too long all end the run, with the input in a file.
import CFuzzer
import Glibc

enum Reader: String, CaseIterable {
    case jma, cap, qzss, shelters
}

@main
enum ReadersFuzz {
    /// Set once, before the first trial. libFuzzer calls on one thread.
    nonisolated(unsafe) static var reader = Reader.jma

    static func main() {
        guard CommandLine.argc > 1, let word = CommandLine.unsafeArgv[1], let reader = Reader(rawValue: String(cString: word))
        else {
            Trial.complain("usage: ReadersFuzz \(Reader.allCases.map(\.rawValue).joined(separator: "|")) [OPTION …] [FOLDER …]")
            exit(64)
        }
        self.reader = reader
        // libFuzzer sees the words after the reader's.
        var words = [CommandLine.unsafeArgv[0]] + (2..<Int(CommandLine.argc)).map { CommandLine.unsafeArgv[$0] } + [nil]
        words.withUnsafeMutableBufferPointer { words in
            var count = CInt(words.count - 1)
            var start = words.baseAddress
            exit(LLVMFuzzerRunDriver(&count, &start) { data, size in
                Trial(reader: ReadersFuzz.reader).run(Array(UnsafeBufferPointer(start: data, count: size)))
                return 0
            })
        }
    }
}

/// Called by libFuzzer in place of its own mutations, which it still makes half of.
@_cdecl("LLVMFuzzerCustomMutator")
func mutate(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ bound: Int, _ seed: CUnsignedInt) -> Int {
    var mutator = Mutator(seed: UInt64(seed), bound: bound)
    let octets = Array(UnsafeBufferPointer(start: data, count: size))
    let mutated: [UInt8]? =
        switch ReadersFuzz.reader {
        case .jma, .cap: mutator.chance(1, of: 4) ? nil : mutator.elements(octets)
        case .qzss: mutator.chance(1, of: 8) ? nil : mutator.bits(octets)
        case .shelters: mutator.chance(1, of: 2) ? nil : mutator.cells(octets)
        }
    guard let mutated, !mutated.isEmpty, mutated.count <= bound else { return LLVMFuzzerMutate(data, size, bound) }
    for (index, octet) in mutated.enumerated() { data[index] = octet }
    return mutated.count
}
