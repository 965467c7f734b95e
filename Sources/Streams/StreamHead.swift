internal import ChannelKit
internal import NIOCore
internal import Web

/// The head of a request as far as the stream needs it.
enum StreamHead {
    enum Look {
        case more, other
        case stream(StreamRequest)
    }

    private static let want = Array("GET /v1/stream".utf8)
    private static let end = Array("\r\n\r\n".utf8)

    static func look(at octets: ByteBufferView, bound: Int) -> Look {
        let known = octets.prefix(want.count)
        guard known.elementsEqual(want.prefix(known.count)) else { return .other }
        guard octets.count > want.count else { return .more }
        let next = octets[octets.startIndex + want.count]
        guard next == 0x20 || next == 0x3F else { return .other }
        guard let head = headEnd(octets) else { return octets.count < bound ? .more : .other }
        // The end of the head was searched for in these octets.
        let lines = String(decoding: octets[octets.startIndex..<head], as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: true)
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3, words.last == "HTTP/1.1" else { return .other }
        // `look` began with this; the target is what stands between the method and the version.
        var request = StreamRequest(target: String(words.dropFirst().first ?? ""))
        var hosts: [String] = []
        for line in lines.dropFirst() {
            // What is no plain field is for the decoder, which knows how to refuse it.
            guard let colon = line.firstIndex(of: ":"), FieldText.isToken(line[..<colon]) else { return .other }
            let name = line[..<colon].lowercased()
            // Behind the colon found above; at the end that is nothing.
            let value = String(FieldText.trimmed(line[line.index(after: colon)...]))
            if name == "host" { hosts.append(value) }
            take(name, value, into: &request)
        }
        guard hosts.count == 1, hosts.allSatisfy({ HostField.isValid($0) }) else { return .other }
        return .stream(request)
    }

    static func take(_ name: String, _ value: String, into request: inout StreamRequest) {
        switch name {
        case "authorization" where value.lowercased().hasPrefix("bearer "):
            request.token = String(value.dropFirst(7))
            request.authorization = value
        case "signature-input": request.signatureInput = value
        case "signature": request.signature = value
        case "last-event-id": request.lastEventID = value
        case "x-forwarded-for": request.forwardedFor = value
        default: break
        }
    }

    /// HTTP/1.0 reads an answer to the end of the connection (RFC 9112 §9.3); w3m does. The server behind us knows
    /// no versions and closes for who asks it to.
    static func closing(_ octets: ByteBuffer) -> ByteBuffer {
        let view = octets.readableBytesView
        guard let end = view.firstIndex(of: 0x0A) else { return octets }
        var head = ByteBuffer()
        head.writeBytes(view[...end])
        head.writeStaticString("Connection: close\r\n")
        // Behind the line end found above; at the end that is nothing.
        head.writeBytes(view[view.index(after: end)...])
        return head
    }

    static func isOld(_ octets: ByteBuffer) -> Bool {
        let view = octets.readableBytesView
        guard let end = view.firstIndex(of: 0x0A) else { return false }
        return view[..<end].suffix(9).starts(with: "HTTP/1.0".utf8)
    }

    private static func headEnd(_ octets: ByteBufferView) -> Int? {
        var index = octets.startIndex
        let last = octets.endIndex - 4
        while index <= last {
            if octets[index] == 0x0D, octets[index + 1] == 0x0A, octets[index + 2] == 0x0D, octets[index + 3] == 0x0A {
                return index
            }
            index += 1
        }
        return nil
    }
}
