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

    /// The same event told later: `expires_in` is what is left of it now.
    package static func encode(
        _ entry: StreamLog.Entry, epoch: UInt64, now: ContinuousClock.Instant
    ) -> ByteBuffer {
        encode(
            entry.event.name, data: body(of: entry, now: now),
            position: StreamPosition(epoch: epoch, offset: entry.offset))
    }

    /// The event's JSON with the seconds it has left in front. Other data stays as it is.
    package static func body(of entry: StreamLog.Entry, now: ContinuousClock.Instant) -> [UInt8] {
        guard let expires = entry.expires, entry.event.data.first == 0x7B, entry.event.data.count > 2 else {
            return entry.event.data
        }
        let left = max(0, now.duration(to: expires).components.seconds)
        return Array(#"{"expires_in":\#(left),"#.utf8) + entry.event.data.dropFirst()
    }

    /// A comment keeps the line open through NAT and proxies, and tells the tablet that somebody is there.
    package static let heartbeat = ByteBuffer(staticString: ": \n\n")
}
