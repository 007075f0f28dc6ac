import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;

/**
 * Connections that each continue the TLS session of the one before, ask once and are closed. One
 * thread for each connection held at once; a session may be continued once only, so that each
 * thread remembers its own.
 */
final class ResumingLoad implements Runnable {
  private final SSLContext context;
  private final int port;
  private final byte[] request;
  private final long end;
  private long served;
  private String problem = "";

  private ResumingLoad(int port, Row row, long end) throws GeneralSecurityException {
    this.context = TlsConnection.newContext();
    this.port = port;
    this.request = row.request("127.0.0.1:" + port);
    this.end = end;
  }

  static Load.Result run(int port, Row row, int seconds) throws Exception {
    long start = System.nanoTime();
    long end = start + seconds * 1_000_000_000L;
    List<ResumingLoad> loads = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < row.connections(); i++) {
      ResumingLoad load = new ResumingLoad(port, row, end);
      loads.add(load);
      threads.add(Thread.ofPlatform().daemon().start(load));
    }
    long served = 0;
    String problem = "";
    for (int i = 0; i < loads.size(); i++) {
      threads.get(i).join();
      served += loads.get(i).served;
      problem = problem.isEmpty() ? loads.get(i).problem : problem;
    }
    if (problem.isEmpty() && served == 0) {
      problem = "no request was answered";
    }
    return new Load.Result(served, (System.nanoTime() - start) / 1e9, problem);
  }

  @Override
  public void run() {
    boolean first = true;
    try {
      while (System.nanoTime() < end && problem.isEmpty()) {
        try (TlsConnection connection = TlsConnection.open(context, port)) {
          connection.send(request);
          receive(connection);
          if (!connection.isResumed() && !first) {
            problem = "a session was not resumed";
          }
        }
        first = false;
        served++;
      }
    } catch (IOException e) {
      problem = e.toString();
    }
  }

  /** Takes the answer to its end, which is the small body. */
  private static void receive(TlsConnection connection) throws IOException {
    byte filler = Nodes.filler(Row.SMALL);
    int run = 0;
    boolean begun = false;
    while (run < Row.SMALL) {
      ByteBuffer next = connection.receive();
      if (!begun && !startsWell(next)) {
        throw new IOException("not answered with 200");
      }
      begun = true;
      while (next.hasRemaining()) {
        run = next.get() == filler ? run + 1 : 0;
      }
    }
  }

  private static boolean startsWell(ByteBuffer answer) {
    return answer.remaining() > 12 && answer.get(9) == '2' && answer.get(11) == '0';
  }
}
