import CZlib

/// gzip (RFC 1952) on whole byte arrays: small pages out, bulletins in.
///
/// The same bytes give the same bytes: no time and no file name is written into the header, so that a page's
/// checksum changes only when the page does.
package enum Gzip {
    package enum Failure: Error, Sendable, Equatable {
        /// Not gzip, cut short, or its checksum is wrong.
        case damaged
        /// Longer than the limit once inflated.
        case tooLong
    }

    /// `level` from 1 (quick) to 9 (small).
    package static func compress(_ bytes: [UInt8], level: Int32 = 9) -> [UInt8] {
        var stream = z_stream()
        // 15 window bits, and 16 for a gzip header in place of zlib's.
        let ready = deflateInit2_(
            &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            // The size of a structure of zlib.
            Int32(MemoryLayout<z_stream>.size))
        // Our own bytes to be packed, never foreign ones to be opened.
        precondition(ready == Z_OK, "zlib refuses a level from 1 to 9 only when memory is gone")
        defer { deflateEnd(&stream) }
        var input = bytes
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        return input.withUnsafeMutableBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: bound) { target, written in
                stream.next_in = source.baseAddress
                // Callers bound what they pack and open at some megabytes.
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                // Callers bound what they pack and open at some megabytes.
                stream.avail_out = UInt32(target.count)
                let end = deflate(&stream, Z_FINISH)
                // Our own bytes to be packed, never foreign ones to be opened.
                precondition(end == Z_STREAM_END, "deflateBound promises room for the whole")
                written = target.count - Int(stream.avail_out)
            }
        }
    }

    /// Inflates one or several members. Stops at `limit` bytes, whatever the header says of the length.
    package static func inflate(_ bytes: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
        var stream = z_stream()
        // The size of a structure of zlib.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .damaged
        }
        defer { inflateEnd(&stream) }
        var input = bytes
        var output: [UInt8] = []
        let failure = input.withUnsafeMutableBufferPointer { source in
            stream.next_in = source.baseAddress
            // Callers bound what they pack and open at some megabytes.
            stream.avail_in = UInt32(source.count)
            return drain(&stream, into: &output, limit: limit)
        }
        if let failure { throw failure }
        return output
    }

    private static func drain(_ stream: inout z_stream, into output: inout [UInt8], limit: Int) -> Failure? {
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let (result, count) = piece.withUnsafeMutableBufferPointer { target in
                stream.next_out = target.baseAddress
                // Callers bound what they pack and open at some megabytes.
                stream.avail_out = UInt32(target.count)
                let result = CZlib.inflate(&stream, Z_NO_FLUSH)
                return (result, target.count - Int(stream.avail_out))
            }
            guard output.count + count <= limit else { return .tooLong }
            output.append(contentsOf: piece[..<count])
            switch result {
            case Z_STREAM_END:
                if stream.avail_in == 0 { return nil }
                guard inflateReset(&stream) == Z_OK else { return .damaged }
            case Z_OK:
                // Nothing came and nothing is left to read: the file was cut short.
                if count == 0, stream.avail_in == 0 { return .damaged }
            default:
                return .damaged
            }
        }
    }
}
