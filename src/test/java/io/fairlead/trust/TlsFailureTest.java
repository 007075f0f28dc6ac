package io.fairlead.trust;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two libraries, one way to say it. */
final class TlsFailureTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "error:10000410:SSL routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE | the node refuses TLS with us: handshake failure",
        "error:1000045c:SSL routines:OPENSSL_internal:TLSV1_ALERT_CERTIFICATE_REQUIRED | the node refuses TLS with us: certificate required",
        "error:1000045c:SSL routines:OPENSSL_internal:TLSV1_CERTIFICATE_REQUIRED | the node refuses TLS with us: certificate required",
        "(bad_certificate) Received fatal alert: bad_certificate | the node refuses TLS with us: bad certificate",
        "Received fatal alert: protocol_version | the node refuses TLS with us: protocol version",
        "error:100000f0:SSL routines:OPENSSL_internal:UNSUPPORTED_PROTOCOL | the node speaks no version of TLS that is allowed",
        "error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER | the node does not speak TLS",
        "Unsupported or unrecognized SSL message | the node does not speak TLS",
        "not an SSL/TLS record: 485454502f312e31 | the node does not speak TLS",
        "Remote host terminated the handshake | connection closed in the TLS handshake",
        "something new | the TLS handshake failed: something new",
      })
  void whatALibrarySays(String said, String reason) {
    assertThat(TlsFailure.of(new SSLHandshakeException(said)).reason()).isEqualTo(reason);
  }

  @Test
  void aConnectionThatIsGone() {
    assertThat(TlsFailure.of(new ClosedChannelException()).reason())
        .isEqualTo("connection closed in the TLS handshake");
    assertThat(TlsFailure.of(new IOException("Connection reset")).reason())
        .isEqualTo("connection closed in the TLS handshake");
  }

  /** Only what is our own judgement of the node, and what no moment will change, takes it down. */
  @Test
  void whatIsWrongWithTheNodeItself() {
    Throwable wrapped =
        new SSLHandshakeException("General OpenSslEngine problem")
            .initCause(new Untrusted("certificate of the node expired on 2026-01-01", null));
    assertThat(TlsFailure.of(wrapped))
        .isEqualTo(new TlsFailure("certificate of the node expired on 2026-01-01", true));
    assertThat(TlsFailure.LATE.wrong()).isFalse();
    assertThat(TlsFailure.of(new ClosedChannelException()).wrong()).isFalse();
  }

  /** A node that says so has looked at nothing; of other alerts nobody knows. */
  @ParameterizedTest
  @CsvSource({
    "TLSV1_ALERT_CERTIFICATE_REQUIRED, true",
    "SSLV3_ALERT_BAD_CERTIFICATE, true",
    "TLSV1_ALERT_UNKNOWN_CA, true",
    "TLSV1_ALERT_INTERNAL_ERROR, false",
    "SSLV3_ALERT_BAD_RECORD_MAC, false",
    "BAD_DECRYPT, false",
  })
  void aRefusal(String said, boolean refusal) {
    assertThat(TlsFailure.isRefusal(new SSLException("error:1:SSL routines:x:" + said)))
        .isEqualTo(refusal);
  }
}
