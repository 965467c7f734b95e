import AlertModel
import ChannelKit
import Crypto

/// A delivery's name as a UUID (RFC 9562, version 8): the same on every attempt, so that a service posts it once.
struct PostKey: Sendable {
    let text: String

    init(_ delivery: DeliveryID) {
        var octets = Array(SHA256.hash(data: Array(delivery.text.utf8)).prefix(16))
        // A digest has 32 octets.
        octets[6] = octets[6] & 0x0F | 0x80
        // And so this one too.
        octets[8] = octets[8] & 0x3F | 0x80
        text = octets.enumerated().map { place, octet in
            ([4, 6, 8, 10].contains(place) ? "-" : "") + (octet < 16 ? "0" : "") + String(octet, radix: 16)
        }.joined()
    }
}
