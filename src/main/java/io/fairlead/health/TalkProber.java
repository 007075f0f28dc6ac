package io.fairlead.health;

import io.fairlead.config.ByteText;
import io.fairlead.config.Probe;
import io.fairlead.config.Probe.Expect;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Says something and looks for something in what comes back. */
final class TalkProber implements Prober {
  private final byte[] send;
  private final String wanted;
  private final String wantedText;
  private final Quote quote;
  private final ProbeLink link;

  TalkProber(Probe.Talk probe, ProbeLink link) {
    String said = probe.send().value();
    this.send = said.isEmpty() ? new byte[0] : ByteText.bytes(said);
    this.wanted = new String(ByteText.bytes(probe.expect()), StandardCharsets.ISO_8859_1);
    this.wantedText = probe.expect();
    this.quote = new Quote(probe.secrets());
    this.link = link;
  }

  @Override
  public ProbeResult probe(InetSocketAddress address, Deadline deadline) {
    try (Socket socket = new TimedSocket(deadline)) {
      socket.connect(address, deadline.remainingMillis());
      socket.setTcpNoDelay(true);
      try (Socket over = link.over(socket, ProbeLink.Asks.ANYTHING)) {
        over.getOutputStream().write(send); // fits into any send buffer: does not wait
        return read(over.getInputStream(), deadline);
      }
    } catch (IOException e) {
      return Failures.of(e, deadline);
    }
  }

  private ProbeResult read(InputStream in, Deadline deadline) throws IOException {
    StringBuilder answer = new StringBuilder();
    byte[] part = new byte[8192];
    while (answer.length() < Expect.BODY_BYTES) {
      int count = in.read(part, 0, Math.min(part.length, Expect.BODY_BYTES - answer.length()));
      if (count < 0) {
        return new ProbeResult.Failed(
            answer.isEmpty()
                ? "connection closed without an answer"
                : "answer lacks '" + wantedText + "': " + quote.of(answer.toString()));
      }
      int from = Math.max(0, answer.length() - wanted.length());
      answer.append(new String(part, 0, count, StandardCharsets.ISO_8859_1));
      if (answer.indexOf(wanted, from) >= 0) {
        return deadline.met();
      }
    }
    return new ProbeResult.Failed("answer lacks '" + wantedText + "' in the first 64 KiB");
  }
}
