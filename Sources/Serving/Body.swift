package import Hummingbird
internal import Crypto
internal import Foundation
internal import HTTPTypes
internal import Web

/// What a request brings, read as far as its bound and not an octet further.
package enum Body {
    /// Reads a body of bounded size.
    package static func octets(_ request: Request, upTo limit: Int) async throws -> [UInt8] {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw Problem(.contentTooLarge, "\(length)オクテットあります。\(limit)オクテットまでです (at most \(limit) octets are read)")
        }
        var octets: [UInt8] = []
        do {
            for try await part in request.body {
                if octets.isEmpty, let length = request.headers[.contentLength].flatMap({ Int($0) }), length > part.readableBytes { octets.reserveCapacity(length) }
                guard octets.count + part.readableBytes <= limit else {
                    throw Problem(.contentTooLarge, "\(limit)オクテットまでです (more than \(limit) octets)")
                }
                octets.append(contentsOf: part.readableBytesView)
            }
        } catch let problem as Problem {
            throw problem
        } catch let cancelled as CancellationError {
            throw cancelled
        } catch {
            // A chunk without a right length, or a sender who is gone.
            throw Problem(.badRequest, "本文が途中で切れているか、読めません (the body is cut short or malformed)")
        }
        try check(octets, against: request.headers[.contentDigest])
        return octets
    }

    /// RFC 9530: where a digest is said it has to be the body's, and one that we can reckon.
    private static func check(_ octets: [UInt8], against written: String?) throws(Problem) {
        guard let written else { return }
        let own = "sha-256=:\(Data(SHA256.hash(data: octets)).base64EncodedString()):"
        guard FieldText.pieces(written, at: ",").contains(own[...]) else {
            throw Problem(.badRequest, "Content-Digest が本文と合いません。sha-256 で書いてください (Content-Digest is not this body's sha-256)")
        }
    }

    /// A body of JSON in which no key stands twice, as it came.
    package static func json(_ request: Request, upTo limit: Int) async throws -> [UInt8] {
        let octets = try await octets(request, upTo: limit)
        try checkKeys(octets)
        return octets
    }

    package static func checkKeys(_ octets: [UInt8]) throws(Problem) {
        do throws(JSONKeys.Fault) {
            try JSONKeys.check(octets)
        } catch {
            switch error {
            case .twice(let key):
                let words = "「\(key.prefix(100))」が二度書かれています。何もしていません (given twice; nothing was done)"
                throw Problem(.badRequest, words, errors: [.init(field: String(key.prefix(100)), detail: words)])
            case .notUTF8: throw Problem(.badRequest, "本文は UTF-8 の JSON で送ってください (not JSON in UTF-8)")
            case .tooDeep: throw Problem(.badRequest, "本文の入れ子が深すぎます (nested too deeply)")
            }
        }
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, _ request: Request, upTo limit: Int = 64 << 10) async throws -> Value {
        try decode(type, from: try await octets(request, upTo: limit))
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from octets: [UInt8]) throws -> Value {
        try checkKeys(octets)
        do {
            return try JSONDecoder().decode(type, from: Data(octets))
        } catch let error as DecodingError {
            throw Problem(.badRequest, Self.words(error))
        }
    }

    private static func words(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
            (context.codingPath + (last.map { [$0] } ?? [])).map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
                .joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(path(context, key)): 必要な項目です (missing)"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            let place = path(context)
            return place.isEmpty ? "JSONとして読めません (not JSON: \(context.debugDescription))" : "\(place): 値の形が違います (\(context.debugDescription))"
        @unknown default: return "JSONとして読めません (not readable as JSON)"
        }
    }
}
