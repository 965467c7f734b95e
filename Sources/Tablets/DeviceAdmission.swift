internal import AlertModel
package import ChannelKit
package import Devices
package import Streams
package import HTTPTypes
package import Serving

/// Lets enrolled devices listen, and nobody else.
package struct DeviceAdmission: StreamAdmission {
    private let devices: DeviceRegister
    private let benchmarkTopic: StreamTopic?
    private let log: ActLog?
    private let people: @Sendable (HTTPRequest) -> String?

    /// - Parameter people: who of ours, beside devices, bears the credential of a request.
    package init(
        devices: DeviceRegister, benchmarkTopic: StreamTopic? = nil, log: ActLog? = nil,
        people: @escaping @Sendable (HTTPRequest) -> String? = { _ in nil }
    ) {
        self.devices = devices
        self.benchmarkTopic = benchmarkTopic
        self.log = log
        self.people = people
    }

    package func whose(_ head: HTTPRequest) -> String? {
        guard head.headerFields[.authorization] != nil || head.headerFields[.cookie] != nil else { return nil }
        if let token = head.bearer, let device = devices.device(token: token) { return "device:\(device.id)" }
        return people(head)
    }

    package func turnedAway(_ request: StreamRequest, status: Int, detail: String, peer: String?) {
        let known = request.token.flatMap { token in devices.device(token: token)?.id ?? devices.revoked(token: token) }
        let who = known.map { "device:\($0)" } ?? (request.token == nil ? "nobody" : "unknown")
        log?.streamTurnedAway(who, status: status, detail: detail, from: Peer.address(peer, request.forwardedFor))
    }

    package func admit(_ request: StreamRequest) -> StreamAnswer {
        if let benchmarkTopic, request.target == "/v1/stream?benchmark" {
            return .welcome(StreamListener(device: "benchmark", topic: benchmarkTopic))
        }
        guard let languages = Self.languages(request.target) else {
            return .refused(status: 400, detail: "「?」の後ろに書けるのは、language=ja,en のような言語だけです。4つまで (languages alone, at most four)")
        }
        guard let token = request.token else { return .refused(status: 401, detail: "端末の認証（トークン）が必要です (a device's token is needed)") }
        guard let device = devices.device(token: token) else {
            if let id = devices.revoked(token: token) { return .revoked(device: id, seal: devices.revocation(of: id).flatMap { try? AlertJSON.line($0) }, why: devices.why(of: id)?.rawValue) }
            return .refused(status: 401, detail: "この端末は、ここでは登録されていません (no device is known here by this token)")
        }
        let target = request.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = SignedParts(
            method: "GET", path: target.first.map(String.init) ?? "", query: target.count > 1 ? String(target[1]) : nil, authorization: request.authorization,
            contentDigest: nil, input: request.signatureInput, signature: request.signature)
        do throws(DeviceDoubt) {
            try devices.check(parts, of: device, SignedText(parts))
        } catch {
            guard case .wanted(let nonce) = error else { return .doubted(type: error.type, detail: error.words, nonce: nil) }
            return .doubted(type: error.type, detail: error.words, nonce: nonce)
        }
        devices.saw(device.id)
        return .welcome(StreamListener(device: device.id, topic: StreamTopic(town: device.town, site: device.site), languages: languages))
    }

    private static func languages(_ target: String) -> LanguageChoice? {
        guard let mark = target.firstIndex(of: "?") else { return .all }
        return LanguageChoice(query: target[mark...].dropFirst())
    }
}
