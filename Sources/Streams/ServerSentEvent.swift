package import ChannelKit
package import NIOCore

/// Server-sent events as bytes (WHATWG HTML, section 9.2).
package enum ServerSentEvent {
    /// One event. `data` is passed on unchanged, line by line.
    package static func encode(_ name: String, data: [UInt8], position: StreamPosition?) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: data.count + name.utf8.count + 64)
        buffer.writeStaticString("event: ")
        buffer.writeString(name)
        if let position {
            buffer.writeStaticString("\nid: ")
            buffer.writeString(position.description)
        }
        for line in data.split(separator: 0x0A, omittingEmptySubsequences: false) {
            buffer.writeStaticString("\ndata: ")
            buffer.writeBytes(line.last == 0x0D ? line.dropLast() : line)
        }
        buffer.writeStaticString("\n\n")
        return buffer
    }

    /// The same event told later, or in fewer languages: `expires_in` is what is left of it now.
    package static func encode(
        _ entry: StreamLog.Entry, in languages: LanguageChoice = .all, epoch: UInt64, now: ContinuousClock.Instant
    ) -> ByteBuffer {
        encode(
            entry.event.name, data: body(of: entry, in: languages, now: now),
            position: StreamPosition(epoch: epoch, offset: entry.offset))
    }

    /// The event's JSON with the seconds it has left in front: all behind that is the event itself, the same octets to
    /// everybody who follows these languages, whenever and wherever it is told. Other data stays as it is.
    package static func body(
        of entry: StreamLog.Entry, in languages: LanguageChoice = .all, now: ContinuousClock.Instant
    ) -> [UInt8] {
        let data = languages.narrowed(entry.event.data)
        guard let expires = entry.expires, data.first == 0x7B, data.count > 2 else { return data }
        let left = max(0, now.duration(to: expires).components.seconds)
        return Array(#"{"expires_in":\#(left),"#.utf8) + data.dropFirst()
    }

    /// A comment keeps the line open through NAT and proxies, and tells the tablet that somebody is there.
    package static let heartbeat = framed(ByteBuffer(staticString: ": \n\n"))

    // MARK: one event, one chunk

    /// As one chunk of HTTP/1.1 (RFC 9112 §7.1), once for all who hear it: clients that wait for a chunk's end hear an
    /// event when it comes, and not with the next one.
    package static func framed(_ body: ByteBuffer) -> ByteBuffer {
        var chunk = ByteBufferAllocator().buffer(capacity: body.readableBytes + 12)
        chunk.writeString(String(body.readableBytes, radix: 16))
        chunk.writeStaticString("\r\n")
        chunk.writeImmutableBuffer(body)
        chunk.writeStaticString("\r\n")
        return chunk
    }

    /// Without its frame, for a client of HTTP/1.0, which knows no chunks. Copies nothing.
    package static func bare(_ chunk: ByteBuffer) -> ByteBuffer {
        guard let lineEnd = chunk.readableBytesView.firstIndex(of: 0x0A) else { return chunk }
        let start = lineEnd + 1
        return chunk.getSlice(at: start, length: chunk.writerIndex - start - 2) ?? chunk
    }

    /// The last chunk.
    package static let end = ByteBuffer(staticString: "0\r\n\r\n")
}
