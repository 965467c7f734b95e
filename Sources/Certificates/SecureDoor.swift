/// A server's child channel under TLS: the certificate is the one of the moment in which somebody comes.
internal import Crypto
package import HummingbirdCore
package import Logging
package import NIOCore
internal import NIOSSL

package struct SecureDoor<Inner: ServerChildChannel>: ServerChildChannel {
    package typealias Value = Inner.Value

    private let inner: Inner
    private let shelf: CertificateShelf

    package init(_ inner: Inner, shelf: CertificateShelf) { (self.inner, self.shelf) = (inner, shelf) }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            // Nobody is answered in clear because a certificate is missing.
            guard let context = shelf.context else { throw ChannelError.eof }
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        }.flatMap { inner.setup(channel: channel, logger: logger) }
    }

    package func handle(value: Value, logger: Logger) async { await inner.handle(value: value, logger: logger) }
}
