import NIOCore

/// Cuts the octets of a connection into messages. A message that cannot be read is handed on as such, since the next
/// one begins where its length says; a length beyond all reason ends the connection.
struct CBSPFrames: ByteToMessageDecoder {
    typealias InboundOut = Result<CBSPMessage, CBSPError>

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let header = buffer.getBytes(at: buffer.readerIndex, length: CBSPMessage.headerLength) else {
            return .needMoreData
        }
        // Four octets were asked for and given.
        let length = CBSPMessage.headerLength + (Int(header[1]) << 16 | Int(header[2]) << 8 | Int(header[3]))
        guard length <= CBSPMessage.longest else { throw CBSPError.tooLong(length) }
        guard let octets = buffer.readBytes(length: length) else { return .needMoreData }
        do throws(CBSPError) {
            context.fireChannelRead(wrapInboundOut(.success(try CBSPMessage(decoding: octets))))
        } catch {
            context.fireChannelRead(wrapInboundOut(.failure(error)))
        }
        return .continue
    }

    /// What is left when the connection ends is half a message: nobody misses it.
    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) throws -> DecodingState {
        while try decode(context: context, buffer: &buffer) == .continue {}
        buffer.clear()
        return .needMoreData
    }
}
