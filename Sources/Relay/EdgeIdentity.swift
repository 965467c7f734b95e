import ChannelKit
package import Foundation

/// Who this edge is to its hub: what it got for its code, kept in a file that only its own user may read.
package struct EdgeIdentity: Sendable, Codable {
    package var town: String
    package var site: String
    package var device_id: String
    package var token: String
    /// `ed25519:BASE64`; nil of one that was enrolled by a hub of before.
    package var town_key: String?

    package struct Failure: Error, Sendable, CustomStringConvertible {
        package enum Kind: Sendable { case settings, unreachable, disk }
        package let kind: Kind
        package let description: String
    }

    private static func file(_ folder: URL) -> URL { folder.appending(path: "edge.json") }

    /// Nil when this folder's edge has not enrolled yet.
    package static func read(_ folder: URL) throws(Failure) -> EdgeIdentity? {
        guard let data = try? Data(contentsOf: file(folder)) else {
            guard !FileManager.default.fileExists(atPath: file(folder).path) else {
                throw Failure(kind: .settings, description: "\(file(folder).path)が読めません (cannot be read)")
            }
            return nil
        }
        do {
            return try JSONDecoder().decode(EdgeIdentity.self, from: data)
        } catch {
            throw Failure(kind: .settings, description: "\(file(folder).path)は中継機の身分証ではありません: \(error) (no edge's identity)")
        }
    }

    /// Turns a code into an identity, once. The folder is tried first: a code is good for one use.
    package static func enrol(
        code: String, site: String, name: String, publicKey: String?, hub: HubLine, folder: URL
    ) async throws(Failure) -> EdgeIdentity {
        let draft = folder.appending(path: "edge.json.new")
        try? FileManager.default.removeItem(at: draft)
        // Readable by the edge alone from the first moment on.
        guard FileManager.default.createFile(atPath: draft.path, contents: nil, attributes: [.posixPermissions: 0o600])
        else { throw Failure(kind: .disk, description: "\(folder.path)に書けません (cannot write)") }
        let answer: HTTPAnswer
        do throws(TransportFailure) {
            var wish = ["code": code, "site": site, "name": name, "role": "edge"]
            // By which its certificates are asked for: a copied token gets none.
            wish["public_key"] = publicKey
            let body = try? JSONEncoder().encode(wish)
            answer = try await hub.call("POST", "/v1/devices", [UInt8](body ?? Data()))
        } catch {
            throw Failure(kind: .unreachable, description: "\(hub.address)にハブがありません: \(error) (no hub there)")
        }
        guard answer.status == 201 else {
            throw Failure(kind: .settings, description: "ハブがこの中継機を登録しません（\(answer.status)）: \(answer.text) (the hub does not enrol this edge)")
        }
        do {
            let identity = try JSONDecoder().decode(EdgeIdentity.self, from: Data(answer.body))
            let handle = try FileHandle(forWritingTo: draft)
            try handle.write(contentsOf: try JSONEncoder().encode(identity))
            try handle.synchronize()
            try handle.close()
            try FileManager.default.moveItem(at: draft, to: file(folder))
            return identity
        } catch {
            throw Failure(kind: .disk, description: "認証の鍵を保存できません。新しい番号を頼んでください: \(error) (the token is not kept, ask for a new code)")
        }
    }
}
