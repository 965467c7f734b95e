import Bundles
import ChannelKit
import Curl
import Foundation
import LedgerStore

/// A copy on its way to a partner town's hub, by its signed slip. The slip is shown first: a copy that is not wanted is not sent, and the same one twice is once.
struct CopyPush {
    /// Half a megabit a second, and a little; the far end gives up earlier.
    private static let slowest = 32 << 10
    let address: String

    /// Whether `--push` names a hub and no folder.
    static func isAddress(_ target: String) -> Bool { ["http://", "https://"].contains { target.lowercased().hasPrefix($0) } }

    /// Over plain http whoever stands on the way answers "held" in the partner's place.
    init(_ target: String, isInsecure: Bool) throws {
        address = target.hasSuffix("/") ? String(target.dropLast()) : target
        guard let parts = URLComponents(string: address), let host = parts.host, !host.isEmpty, parts.path.isEmpty, parts.query == nil else {
            throw Exit.with(Exit.usage, "「\(target)」はハブの宛先ではありません。https://名前 の形で指定してください (no hub's address)")
        }
        guard isInsecure || parts.scheme?.lowercased() == "https" || HubAddress.isHere(host) else {
            throw Exit.with(
                Exit.usage, "\(address) へは送りません。http:// では、途中の誰かが「預かりました」と答えられます。https:// を使ってください。回線そのものが守られているときだけ --insecure を付けます "
                    + "(over http:// anybody on the way could say it is held: use https://, or --insecure where the line itself is protected)")
        }
    }

    /// Returns whether it was there already.
    func send(_ file: URL, _ slip: CopySlip, _ progress: (String) -> Void) async throws -> Bool {
        guard let upload = FileUpload(path: file.path) else { throw TownFile.Failure.disk("\(file.path): \(String(cString: strerror(errno)))") }
        let hub = HubClient(address: address, token: nil, transport: try CurlTransport())
        progress("相手のハブに尋ねています… (asking)")
        if try await told(hub.exchange("POST", "/v1/copies?dry_run=true", headers: headers(slip)), file).isKnown { return true }
        progress("届けています… (pushing)")
        let call = HTTPCall(method: "POST", url: address + "/v1/copies", headers: headers(slip) + [("Content-Type", "application/octet-stream")])
        let answer: HTTPAnswer
        do throws(TransportFailure) {
            answer = try await hub.transport.upload(call, upload, deadline: .now.advanced(by: .seconds(300 + upload.octets / Self.slowest)))
        } catch {
            throw Exit.with(Exit.unreachable, "\(address) に届ける途中で切れました: \(error)。\(Self.again(file, address)) (the line broke; push it again)")
        }
        return try told(answer, file).isKnown
    }

    private func headers(_ slip: CopySlip) -> [(name: String, value: String)] { [("Noroshi-Slip", Data(slip.paper.octets).base64EncodedString())] }

    private func told(_ answer: HTTPAnswer, _ file: URL) throws -> (isKnown: Bool, number: Int?) {
        guard (200..<300).contains(answer.status) else {
            // What the partner says is theirs; what there is to do here is ours.
            // Cut, too slow, too often: the line, or a later hour, and nothing wrong with the copy.
            let refusal = [400, 408, 429].contains(answer.status) ? Exit.with(Exit.unreachable, "\(HubClient.words(answer)) [\(answer.status)]") : HubClient.refusal(answer)
            Terminal.complain(answer.status == 409 ? "\(file.lastPathComponent) は届けていません (not pushed)" : "写しはここにあります。\(Self.again(file, address)) (the copy is here; push it again)")
            throw refusal
        }
        let said = (try? JSONSerialization.jsonObject(with: Data(answer.body))) as? [String: Any]
        guard let isKnown = said?["duplicate"] as? Bool else { throw Exit.with(Exit.badData, "\(address) は狼煙のハブではないようです (no hub of ours answers there)") }
        return (isKnown, said?["number"] as? Int)
    }

    private static func again(_ file: URL, _ address: String) -> String { "もう一度: noroshi backup --again \(file.path) --push \(address)" }
}
