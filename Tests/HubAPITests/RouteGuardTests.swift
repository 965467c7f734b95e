import Desk
import Devices
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Serving
import Testing

@testable import HubAPI

/// Every route there is, held against the one table that says who may knock.
@Suite("A route opens to whom the table names, and to nobody else")
struct RouteGuardTests {
    private typealias Route = (method: HTTPRequest.Method, pattern: String, path: String, need: RouteScopes.Need?)

    private func routes(_ house: House) -> [Route] {
        house.router.router().routes.map { route in
            let pattern = route.path.description
            let path = pattern.replacing("{code}", with: House.town).replacing(#/\{[^}]*\}/#, with: "x")
            return (route.method, pattern, path, RouteScopes.need(route.method, pattern))
        }
    }

    /// For each scope somebody who has everything but it, and one with nothing.
    private static func lacking(_ scopes: [Scope]) -> String { "all-but-" + scopes.map(\.rawValue).sorted().joined(separator: "-") }

    private func house() async throws -> House {
        let needs = RouteScopes.rows.compactMap { if case .people(let scopes) = $0.need { Set(scopes) } else { nil } }
        return try await House(operators: Set(needs).map { scopes in
            let name = Self.lacking(Array(scopes))
            return Operator(name: name, tokenDigest: DeviceRegister.digest(name), scopes: Set(Scope.allCases).subtracting(scopes))
        } + Scope.allCases.map { Operator(name: $0.rawValue, tokenDigest: DeviceRegister.digest("only-\($0.rawValue)"), scopes: [$0]) })
    }

    @Test("Every route stands in the table, and every row of it is a route")
    func table() async throws {
        let house = try await House()
        let routes = routes(house)
        #expect(routes.count > 80)
        for route in routes { #expect(route.need != nil, "\(route.method) \(route.pattern) stands in no row") }
        let known = Set(routes.map { "\($0.method) \($0.pattern)" })
        for row in RouteScopes.rows where row.path != "/v1/bench/publish" { #expect(known.contains("\(row.method) \(row.path)"), "\(row.method) \(row.path) is no route") }
        #expect(Set(RouteScopes.rows.map { "\($0.method) \($0.path)" }).count == RouteScopes.rows.count)
        // What changes something is everybody's in these alone: a code, a password, a challenge, a link's key or a device's own word is asked for inside; and a tablet
        // without a code asks, which opens nothing.
        let open = routes.filter { $0.method != .get && $0.need == .everybody }.map { "\($0.method) \($0.pattern)" }
        #expect(Set(open) == ["POST /v1/devices", "POST /v1/device-asks", "POST /v1/device-asks/answer", "POST /v1/devices/erased", "POST /v1/sessions", "DELETE /v1/sessions/current", "POST /v1/passkeys/challenge", "POST /muster/{key}/taken", "POST /muster/{key}/cannot"])
    }

    @Test("Without a credential 401, with one that lacks the right 403, and with one scope that opens it neither, route by route")
    func walk() async throws {
        let house = try await house()
        var asked = 0
        for route in routes(house) {
            guard case .people(let scopes) = route.need else { continue }
            asked += 1
            let name = "\(route.method) \(route.path)"
            func call(_ token: String?) async throws -> House.Heard { try await house.call(route.method.rawValue, route.path, route.method == .get ? nil : "{}", token: token) }
            for stranger in [nil, "wrong"] {
                let answer = try await call(stranger)
                #expect(answer.status == 401 && answer.headers[.wwwAuthenticate] == "Bearer", "\(name): \(answer.status) \(answer.body)")
            }
            let refused = try await call(Self.lacking(scopes))
            #expect(refused.status == 403 && refused.body.contains("権限がありません"), "\(name): \(refused.status) \(refused.body)")
            for scope in scopes where !route.pattern.hasSuffix("/stream") {
                let heard = try await call("only-\(scope.rawValue)")
                #expect(heard.status != 401 && !heard.body.contains("\(scope.rawValue)）の権限がありません"), "\(name) with \(scope): \(heard.status) \(heard.body)")
            }
        }
        #expect(asked > 55)
    }

    @Test("Devices' and sessions' routes open to no token of an operator, and what says itself who may says it")
    func others() async throws {
        let house = try await House()
        for route in routes(house) {
            switch route.need {
            case .device, .session:
                for token in [nil, House.token] {
                    let answer = try await house.call(route.method.rawValue, route.path, route.method == .get ? nil : "{}", token: token)
                    #expect(answer.status == 401, "\(route.method) \(route.path): \(answer.status)")
                }
            case .asked, .signature:
                let answer = try await house.call(route.method.rawValue, route.path, route.method == .get ? nil : "{}", token: nil)
                #expect(answer.status == 401, "\(route.method) \(route.path): \(answer.status)")
            default: break
            }
        }
    }

    @Test("Of whom nothing is known no octet of a body is read")
    func unread() async throws {
        let house = try await house()
        for route in routes(house) where [.post, .put, .patch].contains(route.method) {
            guard case .people(let scopes) = route.need else { continue }
            for token in ["wrong", Self.lacking(scopes)] {
                let body = Unread()
                let answer = try await house.call(route.method.rawValue, route.path, body: RequestBody(asyncSequence: body), headers: [.authorization: "Bearer \(token)"])
                #expect([401, 403].contains(answer.status) && !body.isAsked, "\(route.method) \(route.path): \(answer.status)")
            }
        }
    }

    @Test("A route that nobody has written into the table is shut, whoever comes; so is one of the desk's")
    func forgotten() async throws {
        let house = try await House()
        let router = house.router.router()
        router.post("/v1/forgotten") { _, _ in Response(status: .ok) }
        router.get("/v1/forgotten") { _, _ in Response(status: .ok) }
        router.group(context: DeskContext.self).delete("/forgotten") { _, _ in Response(status: .ok) }
        // In the table as nobody's of the desk: no person, no context.
        router.group(context: DeskContext.self).get("/forgotten") { _, _ in Response(status: .ok) }
        let door = FrontDoor(router, .hub)
        for (method, path, status) in [("POST", "/v1/forgotten", 403), ("GET", "/v1/forgotten", 403), ("DELETE", "/forgotten", 403), ("GET", "/forgotten", 401)] {
            for token in [House.token, House.root, nil] {
                #expect(try await house.call(method, path, token: token, door: door).status == status, "\(method) \(path)")
            }
        }
    }
}

/// A body that tells whether anybody has begun to read it.
private final class Unread: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    private let asked = Mutex(false)
    var isAsked: Bool { asked.withLock { $0 } }

    struct AsyncIterator: AsyncIteratorProtocol {
        mutating func next() async -> ByteBuffer? { nil }
    }

    func makeAsyncIterator() -> AsyncIterator {
        asked.withLock { $0 = true }
        return AsyncIterator()
    }
}
