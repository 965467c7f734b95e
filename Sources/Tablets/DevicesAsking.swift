package import Devices
internal import HTTPTypes
package import Hummingbird
package import Serving
internal import Web

extension DeviceRegister {
    /// Whose token a request bears, and that it is his who asks (`DeviceProof`).
    package func asking(_ request: Request) throws(Problem) -> Device {
        guard let token = request.head.bearer else { throw Problem(.unauthorized, "端末のトークンが要ります (a device's token is needed)") }
        guard let device = device(token: token) else {
            if let id = revoked(token: token) {
                var problem = Problem.revoked(id)
                problem.beside = SealedWord(seal: revocation(of: id), why: why(of: id))
                throw problem
            }
            throw Problem(.unauthorized, "この端末は、ここでは登録されていません (no device is known here by this token)")
        }
        do throws(DeviceDoubt) {
            let parts = SignedParts(
                method: request.method.rawValue, path: request.uri.path, query: request.uri.query, authorization: request.headers[.authorization],
                contentDigest: request.headers[.contentDigest], input: request.headers[.signatureInput], signature: request.headers[.signature])
            try check(parts, of: device, SignedText(parts))
        } catch {
            throw Problem(error)
        }
        saw(device.id)
        return device
    }
}

/// The town's own word, beside a problem's members.
private struct SealedWord: Encodable, Sendable {
    var seal: RevocationSeal?
    var why: RevokedFor?
}

extension SignedText {
    init?(_ parts: SignedParts) {
        guard let input = parts.input, let signature = parts.signature, let read = HTTPSignature(input: input, signature: signature) else { return nil }
        self.init(
            covered: read.covered, nonce: read.nonce, keyID: read.keyID, algorithm: read.algorithm, signature: read.signature, base: read.base { parts.value(of: $0) })
    }
}

extension Problem {
    fileprivate init(_ doubt: DeviceDoubt) {
        self.init(.unauthorized, doubt.words)
        type = doubt.type
        if case .wanted(let nonce) = doubt { headers[.nonce] = nonce }
    }
}

extension DeviceDoubt {
    var type: String {
        switch self {
        case .wanted: "urn:noroshi:problem:signature-wanted"
        case .wrong: "urn:noroshi:problem:signature-wrong"
        }
    }

    var words: String {
        switch self {
        case .wanted: "この端末の鍵で署名した依頼だけを受け付けます (signed by this device's key, with the nonce of this answer)"
        case .wrong: "署名がこの端末の鍵と合いません (the signature does not fit this device's key and this request)"
        }
    }
}
