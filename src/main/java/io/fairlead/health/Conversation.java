package io.fairlead.health;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.jspecify.annotations.Nullable;

/** A connection that is made for some questions and closed when they are answered. */
interface Conversation {
  /** What was to be asked could not be: the reason is for people. */
  final class Failure extends IOException {
    private static final long serialVersionUID = 1;

    Failure(String reason) {
      super(reason);
    }

    String reason() {
      return String.valueOf(getMessage());
    }
  }

  /**
   * Asks.
   *
   * @return what is wrong with the node, or null
   */
  @Nullable String over(Socket socket) throws IOException;

  /**
   * A line of text, without what is white at its ends.
   *
   * @param most characters that are read; a result of that length has not been ended
   */
  static String line(InputStream in, int most) throws IOException {
    StringBuilder line = new StringBuilder();
    while (line.length() < most) {
      int c = in.read();
      if (c < 0) {
        throw new EOFException();
      }
      if (c == '\n') {
        return line.toString().strip();
      }
      line.append((char) c);
    }
    return line.toString();
  }

  /** Has it, in the time that there is; nothing of it is left afterwards. */
  default ProbeResult have(InetSocketAddress address, Deadline deadline, ProbeLink link) {
    try (Socket socket = new TimedSocket(deadline)) {
      socket.connect(address, deadline.remainingMillis());
      socket.setTcpNoDelay(true);
      try (Socket over = link.over(socket, ProbeLink.Asks.ANYTHING)) {
        String wrong = over(over);
        return wrong == null ? deadline.met() : new ProbeResult.Failed(wrong);
      }
    } catch (Failure e) {
      return new ProbeResult.Failed(e.reason());
    } catch (EOFException e) {
      return new ProbeResult.Failed("connection closed in the middle of the conversation");
    } catch (IOException e) {
      return Failures.of(e, deadline);
    }
  }
}
