/// The key by which a town's tablets know its words.
internal import AlertModel
internal import Bundles
internal import Desk
internal import Foundation
internal import Hub
internal import Hummingbird
internal import Seals
internal import Serving

extension HubRouter {
    private struct Change: Decodable {
        /// What the old key signed holds no longer: somebody else may have it.
        var taken_back: Bool?
    }

    private struct KeyPage: Encodable {
        var town, key, fingerprint: String
        /// All that the town ever had, each signed by the one before it, the newest last.
        var keys: [KeyWord]
    }

    func addKeys(to desk: DeskRoutes) {
        desk.get("/v1/towns/{code}/key") { request, context in
            let town = try town(try context.parameters.require("code"), for: context.person)
            return try Answer.json(page(town.id))
        }
        desk.post("/v1/towns/{code}/key") { request, context in
            let person = context.person
            let town = try town(try context.parameters.require("code"), for: person)
            let isTakenBack = try await Body.decode(Change.self, request).taken_back ?? false
            guard let word = try await hub.changeKey(of: town.id, isTakenBack: isTakenBack) else {
                throw Problem(.conflict, "同時に、ほかの人が鍵を新しくしました (somebody else was quicker)")
            }
            let old = isTakenBack ? "前の鍵は取り消した" : "前の鍵の署名は40日有効"
            hub.noteDown(.settings, "タブレットに出すものの署名の鍵を新しくした。指紋 \(word.key.fingerprint)、\(old)", about: "key", .actual, in: town.id, by: person.actor)
            try await hub.onDisk()
            return try Answer.json(page(town.id), status: .created)
        }
    }

    private func page(_ town: TownID) -> KeyPage {
        let key = hub.seals.key(of: town)
        return KeyPage(town: town.code, key: key.text, fingerprint: key.fingerprint, keys: hub.seals.words(of: town))
    }
}
