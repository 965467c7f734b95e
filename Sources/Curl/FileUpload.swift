/// A file on its way out, read piece by piece when the line asks for more.
internal import Glibc
internal import Synchronization

package final class FileUpload: Sendable {
    private let descriptor: Int32
    package let octets: Int
    private let place = Mutex(0)

    /// Nil for what cannot be read, with the reason in `errno`.
    package init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            return nil
        }
        (self.descriptor, octets) = (descriptor, Int(facts.st_size))
    }

    deinit { close(descriptor) }

    /// Nil where the disk fails; none at the end.
    func read(into space: UnsafeMutableRawBufferPointer) -> Int? {
        place.withLock { place in
            let count = pread(descriptor, space.baseAddress, min(space.count, octets - place), off_t(place))
            guard count >= 0 else { return nil }
            place += count
            return count
        }
    }

    func seek(to offset: Int) -> Bool {
        guard (0...octets).contains(offset) else { return false }
        place.withLock { $0 = offset }
        return true
    }
}
