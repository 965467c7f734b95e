/// That a request comes from the very device, and not from somebody who has copied its token: a signature by the key that does not leave it
/// (RFC 9421, ecdsa-p256-sha256).
///
///     first signature ──▶ from then on the token alone opens nothing ──▶ the device is revoked, or enrolled anew
///
/// No clock of a device is asked: what is signed holds a nonce of ours that is good for some minutes. A device without a key (a page without
/// https) has its token alone, as before.
internal import Crypto
package import FoundationEssentials
internal import Foundation
internal import Synchronization

/// A request as far as it is signed.
package struct SignedParts: Sendable {
    package var method: String
    package var path: String
    /// Without its mark.
    package var query: String?
    package var authorization: String?
    package var contentDigest: String?
    package var input: String?
    package var signature: String?

    package init(
        method: String, path: String, query: String?, authorization: String?, contentDigest: String?, input: String?, signature: String?
    ) {
        (self.method, self.path, self.query) = (method, path, query)
        (self.authorization, self.contentDigest, self.input, self.signature) = (authorization, contentDigest, input, signature)
    }

    package func value(of component: String) -> String? {
        switch component {
        case "@method": method
        case "@path": path.isEmpty ? "/" : path
        case "@query": "?" + (query ?? "")
        case "authorization": authorization
        case "content-digest": contentDigest
        default: nil
        }
    }

    /// What has to be covered; a body too, where there may be one.
    var needed: Set<String> {
        let always: Set = ["@method", "@path", "@query", "authorization"]
        return ["POST", "PUT", "PATCH"].contains(method) ? always.union(["content-digest"]) : always
    }
}

/// A signature as its two fields say it (`HTTPSignature` reads them).
package struct SignedText: Sendable {
    package var covered: [String]
    package var nonce, keyID, algorithm: String?
    /// base64.
    package var signature: String
    /// What was signed; nil where the request lacks something that is covered.
    package var base: String?

    package init(covered: [String], nonce: String?, keyID: String?, algorithm: String?, signature: String, base: String?) {
        (self.covered, self.nonce, self.keyID, self.algorithm) = (covered, nonce, keyID, algorithm)
        (self.signature, self.base) = (signature, base)
    }
}

package enum DeviceDoubt: Error, Sendable, Equatable {
    /// A signature is wanted, with this nonce: there was none, or its nonce is too old or another machine's.
    case wanted(nonce: String)
    /// It is another's, or of another request.
    case wrong
}

/// Nonces of ours, without a list of them: the hour's minute and a code over it.
package struct NonceMint: Sendable {
    /// Seconds for which one is good, at least; twice that at most.
    package static let step: TimeInterval = 300

    private let key: SymmetricKey

    /// Of this run alone: who comes with an older nonce signs once more.
    package init() { key = SymmetricKey(size: .bits256) }

    package func nonce(at now: Date) -> String { text(of: Self.number(now)) }

    package func isGood(_ nonce: String, at now: Date) -> Bool {
        let number = Self.number(now)
        // One of the future is of a clock that was set back: it is no stranger's.
        return [number, number - 1, number + 1].contains { text(of: $0) == nonce }
    }

    // Our own clock's: it fits for longer than anybody counts.
    private static func number(_ now: Date) -> Int64 { Int64((now.timeIntervalSince1970 / step).rounded(.down)) }

    private func text(of number: Int64) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Data("noroshi-nonce-\(number)".utf8), using: key)
        return Data(code.prefix(18)).base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
    }
}

extension DeviceRegister {
    /// - Parameter read: what the two fields say, or nil where they say nothing that can be read.
    /// - Throws: `DeviceDoubt`.
    package func check(_ parts: SignedParts, of device: Device, _ read: SignedText?) throws(DeviceDoubt) {
        guard let written = device.publicKey, let key = Data(base64Encoded: written).flatMap({ try? P256.Signing.PublicKey(derRepresentation: $0) }) else { return }
        let now = clock()
        guard parts.input != nil || parts.signature != nil else {
            if device.signs == true { throw .wanted(nonce: mint.nonce(at: now)) }
            return
        }
        guard let read, read.algorithm == nil || read.algorithm == "ecdsa-p256-sha256", read.keyID == nil || read.keyID == device.id,
            Set(read.covered).isSuperset(of: parts.needed)
        else { throw .wrong }
        guard let nonce = read.nonce, mint.isGood(nonce, at: now) else { throw .wanted(nonce: mint.nonce(at: now)) }
        guard let base = read.base, let octets = Data(base64Encoded: read.signature), let signature = try? P256.Signing.ECDSASignature(rawRepresentation: octets),
            key.isValidSignature(signature, for: Data(base.utf8))
        else { throw .wrong }
        if device.signs != true { noteSigning(device.id) }
    }

    /// From now on its token alone opens nothing.
    package func noteSigning(_ id: String) {
        state.withLock { state in
            guard var device = state.devices[id], device.signs != true, device.publicKey != nil else { return }
            device.signs = true
            state.devices[id] = device
            keep(device)
        }
    }

    /// For answers to whoever signs, so that his next request needs no second try.
    package var nonce: String { mint.nonce(at: clock()) }
}
