extension HTTPTransport {
    /// Whether a server answers there, whatever it answers: a question that carries nothing and signs in nowhere.
    package func reach(
        _ url: String, method: String = "HEAD", deadline: ContinuousClock.Instant
    ) async throws(DeliveryFailure) -> String {
        let answer: HTTPAnswer
        do throws(TransportFailure) {
            answer = try await send(HTTPCall(method: method, url: url, answerLimit: 1 << 18), deadline: deadline)
        } catch {
            switch error {
            case .unreachable(let reason): throw .unavailable("つながりません: \(reason) (not reached)")
            case .noAnswer(let reason): throw .unavailable("返事がありません: \(reason) (no answer)")
            case .refused(let reason): throw .misconfigured("呼び出せません: \(reason) (the call was refused)")
            case .cancelled: throw .cancelled
            }
        }
        // 501: it knows no such question, and has answered.
        guard answer.status < 500 || answer.status == 501 else {
            throw .unavailable("相手は答えましたが、障害があります: \(answer.status) (it answers, and has failed)")
        }
        return "相手が答えました: \(answer.status) (it answers)"
    }
}
