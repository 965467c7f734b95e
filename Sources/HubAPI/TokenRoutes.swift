/// Tokens for programs: named, dated, with scopes of their maker's.
internal import AlertModel
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Logging
internal import Serving

extension HubRouter {
    private struct NewToken: Decodable {
        var name: String
        var towns: [String]?
        var scopes: [String]
        var expires: String?
    }

    private struct TokenShape: Encodable {
        var id, name: String
        var towns: [String]?
        var scopes: [String]
        var made_at, made_by, expires: String
        var revoked_at: String?
        /// Said once.
        var token: String?

        init(_ token: ProgramToken, secret: String? = nil) {
            id = token.id
            name = token.name
            towns = token.towns
            scopes = token.scopes.map(\.rawValue)
            made_at = JapanTime.text(token.made, milliseconds: false)
            made_by = token.maker
            expires = JapanTime.text(token.expires, milliseconds: false)
            revoked_at = token.revoked.map { JapanTime.text($0, milliseconds: false) }
            self.token = secret
        }
    }

    func addTokens(to desk: DeskRoutes) {
        desk.get("/v1/tokens") { request, context in
            let person = context.person
            return try Answer.json(["tokens": hub.people.tokens(for: person).map { TokenShape($0) }])
        }
        desk.post("/v1/tokens") { request, context in
            let person = context.person
            let wish = try await Body.decode(NewToken.self, request)
            do throws(PeopleFailure) {
                let made = try hub.people.addToken(
                    wish.name, towns: try towns(wish.towns), scopes: try Self.scopes(wish.scopes),
                    expires: try expiry(wish.expires), by: person, now: hub.clock())
                try await recordedPeople { try? hub.people.revokeToken(made.token.id, by: person, now: hub.clock()) }
                hub.noteDown(in: made.token.places, about: made.token.id, by: person) { _ in
                    "トークンを作った：\(made.token.name)（\(made.token.scopes.map(\.rawValue).joined(separator: ", "))、\(JapanTime.text(made.token.expires, milliseconds: false).prefix(10))まで）"
                }
                return try answer(TokenShape(made.token, secret: made.secret), .created)
            } catch {
                throw Problem(error)
            }
        }
        desk.delete("/v1/tokens/{id}") { request, context in
            let person = context.person
            let id = try context.parameters.require("id")
            do throws(PeopleFailure) {
                let token = hub.people.tokens(for: person).first { $0.id == id }
                try hub.people.revokeToken(id, by: person, now: hub.clock())
                if let token, token.revoked == nil { hub.noteDown(in: token.places, about: id, by: person) { _ in "トークンを使えなくした：\(token.name)" } }
                try await recordedPeople {}
            } catch {
                throw Problem(error)
            }
            return Response(status: .noContent)
        }
    }

    // MARK: pieces

    private static func scopes(_ written: [String]) throws(PeopleFailure) -> [Scope] {
        var made: [Scope] = []
        for word in written {
            guard let scope = Scope(rawValue: word) else {
                throw .invalid("「\(word)」という権限はありません。あるのは \(Scope.allCases.map(\.rawValue).joined(separator: ", ")) です (no such scope)", field: "scopes")
            }
            made.append(scope)
        }
        return made
    }

    /// RFC 3339; a year where nothing is said.
    private func expiry(_ written: String?) throws(PeopleFailure) -> Date {
        guard let written else { return hub.clock().addingTimeInterval(365 * 86400) }
        guard let date = ISO8601DateFormatter().date(from: written) else {
            throw .invalid("期限（expires）は 2027-03-31T00:00:00+09:00 のように書いてください (expires: RFC 3339)", field: "expires")
        }
        return date
    }
}
