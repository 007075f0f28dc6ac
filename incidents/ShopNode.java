import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A node of a shop: an HTTP/1.1 server with pages that take their time, as services do, and that
 * can be made to go wrong in one part while it runs. The test node of {@code fairlead node} does
 * the same to every request; here it matters which.
 *
 * <pre>
 * GET /_control?heal                      all is well
 * GET /_control?path=/cart&amp;add=300        a rule: requests whose path begins so ...
 *    factor=4    take so many times as long
 *    add=300     take so many milliseconds more
 *    status=500  are answered with that status
 *    stall=1400  get so many bytes of the body and then nothing
 *    close       get no answer: the connection ends
 *    share=0.4   and only such a share of them
 * GET /_control?health=fail               /healthz answers 503; ok: 200
 * </pre>
 *
 * Arguments: port, name, seed.
 */
final class ShopNode {
  /** First parts of paths that exist; milliseconds that half of the answers take; bytes. */
  private static final Map<String, int[]> PAGES = pages();

  private record Rule(
      String path, double factor, int add, int status, int stall, boolean close, double share) {}

  private final String name;
  private final List<Rule> rules = new CopyOnWriteArrayList<>();
  private volatile boolean healthy = true;

  private ShopNode(String name) {
    this.name = name;
  }

  private static Map<String, int[]> pages() {
    Map<String, int[]> pages = new HashMap<>();
    pages.put("", new int[] {6, 2_000});
    pages.put("catalog", new int[] {8, 1_500});
    pages.put("product", new int[] {7, 1_800});
    pages.put("search", new int[] {15, 1_200});
    pages.put("cart", new int[] {9, 700});
    pages.put("checkout", new int[] {18, 600});
    pages.put("account", new int[] {8, 700});
    pages.put("orders", new int[] {12, 900});
    pages.put("wishlist", new int[] {7, 500});
    pages.put("images", new int[] {3, 20_000});
    pages.put("download", new int[] {5, 3_000_000});
    pages.put("reviews", new int[] {10, 1_100});
    pages.put("stock", new int[] {4, 300});
    pages.put("admin", new int[] {10, 800});
    pages.put("pay", new int[] {70, 300});
    pages.put("api", new int[] {9, 600});
    return pages;
  }

  public static void main(String[] args) throws IOException {
    ShopNode node = new ShopNode(args[1]);
    ServerSocket server = new ServerSocket();
    server.setReuseAddress(true);
    server.bind(
        new java.net.InetSocketAddress(
            InetAddress.getLoopbackAddress(), Integer.parseInt(args[0])),
        1024);
    Random seeds = new Random(Long.parseLong(args[2]));
    System.out.println("ready");
    while (true) {
      Socket socket;
      try {
        socket = server.accept();
      } catch (IOException e) {
        // Out of descriptors, most likely: others must close first.
        try {
          Thread.sleep(50);
        } catch (InterruptedException _) {
          return;
        }
        continue;
      }
      long seed = seeds.nextLong();
      Thread.ofVirtual().start(() -> node.serve(socket, new Random(seed)));
    }
  }

  private void serve(Socket socket, Random random) {
    try (socket) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream(), 4096);
      OutputStream out = socket.getOutputStream();
      String head = head(in);
      while (head != null && answer(head, in, out, random)) {
        head = head(in);
      }
    } catch (IOException | InterruptedException _) {
      // It went away.
    }
  }

  /** False: the connection ends. */
  private boolean answer(String head, InputStream in, OutputStream out, Random random)
      throws IOException, InterruptedException {
    int end = head.indexOf(' ', head.indexOf(' ') + 1);
    String target = head.substring(head.indexOf(' ') + 1, end);
    String path = target.replaceFirst("[?].*", "");
    in.skipNBytes(bodyLength(head));
    if (path.equals("/_control")) {
      control(target.substring(target.indexOf('?') + 1));
      return write(out, 200, 3, -1);
    }
    if (path.equals("/healthz")) {
      return write(out, healthy ? 200 : 503, 3, -1);
    }
    int slash = path.indexOf('/', 1);
    int[] page = PAGES.get(slash < 0 ? path.substring(1) : path.substring(1, slash));
    if (page == null || path.contains("/missing")) {
      Thread.sleep(2);
      return write(out, 404, 20, -1);
    }
    double millis = page[0] * Math.exp(0.4 * random.nextGaussian());
    millis += target.contains("deep=") ? 250 : 0;
    int status = random.nextInt(1000) == 0 ? 500 : 200;
    int stall = -1;
    for (Rule rule : rules) {
      if (path.startsWith(rule.path) && random.nextDouble() < rule.share) {
        millis = millis * rule.factor + rule.add;
        status = rule.status > 0 ? rule.status : status;
        stall = rule.stall > 0 ? rule.stall : stall;
        if (rule.close) {
          Thread.sleep((long) millis);
          return false;
        }
      }
    }
    Thread.sleep(java.time.Duration.ofNanos((long) (millis * 1e6)));
    return write(out, status, status == 200 ? page[1] : 20, stall);
  }

  private boolean write(OutputStream out, int status, int length, int stall)
      throws IOException, InterruptedException {
    byte[] head =
        ("HTTP/1.1 " + status + " -\r\nx-node: " + name + "\r\ncontent-length: " + length
                + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    byte[] all = Arrays.copyOf(head, head.length + length);
    Arrays.fill(all, head.length, all.length, (byte) 'x');
    if (stall >= 0 && stall < length) {
      out.write(all, 0, head.length + stall);
      Thread.sleep(60_000); // the rest never comes
      return false;
    }
    out.write(all);
    return true;
  }

  private void control(String query) {
    Map<String, String> words = new HashMap<>();
    for (String pair : query.split("&")) {
      int equals = pair.indexOf('=');
      words.put(
          equals < 0 ? pair : pair.substring(0, equals),
          equals < 0
              ? ""
              : URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.US_ASCII));
    }
    if (words.containsKey("heal")) {
      rules.clear();
      healthy = true;
    } else if (words.containsKey("health")) {
      healthy = words.get("health").equals("ok");
    } else {
      rules.add(
          new Rule(
              words.getOrDefault("path", "/"),
              Double.parseDouble(words.getOrDefault("factor", "1")),
              Integer.parseInt(words.getOrDefault("add", "0")),
              Integer.parseInt(words.getOrDefault("status", "0")),
              Integer.parseInt(words.getOrDefault("stall", "0")),
              words.containsKey("close"),
              Double.parseDouble(words.getOrDefault("share", "1"))));
    }
  }

  private static int bodyLength(String head) {
    int at = head.toLowerCase(java.util.Locale.ROOT).indexOf("\ncontent-length:");
    return at < 0 ? 0 : Integer.parseInt(head.substring(at + 16, head.indexOf('\r', at)).strip());
  }

  /** Up to and with the empty line; null: there is none any more. */
  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder(512);
    int last = 0;
    while (true) {
      int b = in.read();
      if (b < 0) {
        return null;
      }
      head.append((char) b);
      last = last << 8 | b;
      if (last == 0x0d0a0d0a) {
        return head.toString();
      }
    }
  }
}
