/// Passwords as they are kept, and the lane in which they are reckoned.
internal import ChannelKit
internal import Crypto
internal import CryptoExtras
internal import Dispatch
internal import Foundation
internal import Synchronization

/// A password by scrypt (RFC 7914).
struct PasswordHash: Codable, Sendable, Hashable {
    var salt: Data
    var hash: Data
    /// log2 of N. r is 8, p is 3: OWASP's Password Storage Cheat Sheet, 2025, the line of 32 MiB (N = 2^15).
    var cost: Int

    static let cost = 15

    static func make(_ password: String, cost: Int = Self.cost) throws -> PasswordHash {
        var random = SystemRandomNumberGenerator()
        let salt = Data((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
        return PasswordHash(salt: salt, hash: try derive(password, salt, cost), cost: cost)
    }

    func matches(_ password: String) -> Bool {
        guard let other = try? Self.derive(password, salt, cost), other.count == hash.count else { return false }
        return zip(hash, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func derive(_ password: String, _ salt: Data, _ cost: Int) throws -> Data {
        // The same letters are the same password, however a keyboard composes them (RFC 8265 4.2.1).
        let letters = Array(password.precomposedStringWithCanonicalMapping.utf8)
        let key = try KDF.Scrypt.deriveKey(
            from: letters, salt: salt, outputByteCount: 32, rounds: 1 << min(max(cost, 4), 20), blockSize: 8, parallelism: 3)
        return key.withUnsafeBytes { Data($0) }
    }

    /// Reckoned for a name that nobody has, so that its answer takes as long as another's.
    static func nobodys(_ cost: Int) -> PasswordHash {
        PasswordHash(salt: Data(repeating: 7, count: 16), hash: Data(repeating: 0, count: 32), cost: cost)
    }
}

/// One password at a time, on a thread of its own: a tenth of a second and 32 MiB each. Who finds the lane full is told so;
/// one place fills an eighth of it and no more, and a quarter is kept for places from which somebody is in already.
final class PasswordLane: Sendable {
    struct Full: Error {}
    static let most = 32
    static let mostOfOne = 4
    static let mostOfStrangers = 24

    private let thread = DispatchQueue(label: "noroshi.passwords")
    private let waiting = Mutex<[String: Int]>([:])

    /// Waiting and under way.
    var count: Int { waiting.withLock { $0.values.reduce(0, +) } }

    /// - Parameters:
    ///   - address: whose turn it is.
    ///   - isKnown: whether somebody from there is in already; asked where it matters.
    func run<Value: Sendable>(for address: String, isKnown: () -> Bool = { true }, _ body: @escaping @Sendable () -> Value) async throws(Full) -> Value {
        let place = Network.place(address)
        guard count < Self.mostOfStrangers || isKnown() else { throw Full() }
        let isIn = waiting.withLock { counts in
            guard counts.values.reduce(0, +) < Self.most, counts[place, default: 0] < Self.mostOfOne else { return false }
            counts[place, default: 0] += 1
            return true
        }
        guard isIn else { throw Full() }
        defer {
            waiting.withLock { counts in
                let left = counts[place, default: 1] - 1
                // By the address, a text.
                counts[place] = left > 0 ? left : nil
            }
        }
        return await withCheckedContinuation { done in thread.async { done.resume(returning: body()) } }
    }
}
