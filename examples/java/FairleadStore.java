import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A client of Fairlead's store, to be copied into an application: it needs nothing but a JDK from 17
 * on. It asks the instances in turn until one answers; what may have been done or not is said by
 * {@link Unknown} and never tried again by itself.
 *
 * <pre>{@code
 * FairleadStore store = new FairleadStore(List.of(URI.create("http://10.0.0.1:9900")), "the-token");
 * Optional<FairleadStore.Item> theme = store.get("shop/theme");
 * store.put("shop/theme", "dark".getBytes(UTF_8));
 * boolean mine = store.create("shop/lock", "me".getBytes(UTF_8), Duration.ofSeconds(30)).isPresent();
 * }</pre>
 *
 * To try it: {@code java examples/java/FairleadStore.java http://127.0.0.1:9900 put KEY VALUE}
 */
public final class FairleadStore {
  private static final Duration PATIENCE = Duration.ofSeconds(8);

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
  private final List<URI> instances;
  private final String token;
  private volatile int first;

  /** A value with the revision of its last change. */
  public record Item(byte[] value, long revision) {
    public String text() {
      return new String(value, StandardCharsets.UTF_8);
    }
  }

  /** No answer came: the change may have been made or not. Read, and decide. */
  public static final class Unknown extends IOException {
    private static final long serialVersionUID = 1L;

    Unknown(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * @param instances where their admin addresses are
   * @param token of an operator; empty: none is asked for
   */
  public FairleadStore(List<URI> instances, String token) {
    this.instances = List.copyOf(instances);
    this.token = token;
  }

  /** The value, as the last acknowledged change left it. */
  public Optional<Item> get(String key) throws IOException, InterruptedException {
    HttpResponse<byte[]> said = send(request(key, "").GET(), true);
    return said.statusCode() == 404
        ? Optional.empty()
        : Optional.of(new Item(said.body(), revision(said)));
  }

  /** Sets it, whatever is there; answers the new revision. */
  public long put(String key, byte[] value) throws IOException, InterruptedException {
    return revision(send(request(key, "").PUT(BodyPublishers.ofByteArray(value)), false));
  }

  /** Sets it if it is as that revision left it; empty: it is not, and nothing has changed. */
  public Optional<Long> compareAndSet(String key, byte[] value, long revision)
      throws IOException, InterruptedException {
    return changed(
        send(
            request(key, "")
                .header("If-Match", "\"" + revision + "\"")
                .PUT(BodyPublishers.ofByteArray(value)),
            false));
  }

  /**
   * Creates it if it is not there.
   *
   * @param ttl it ends after that time, from a second on, unless it is put again; null: it stays
   */
  public Optional<Long> create(String key, byte[] value, Duration ttl)
      throws IOException, InterruptedException {
    return changed(
        send(
            request(key, ttl == null ? "" : "?ttl=" + ttl.toMillis() + "ms")
                .header("If-None-Match", "*")
                .PUT(BodyPublishers.ofByteArray(value)),
            false));
  }

  /** Deletes it if it is as that revision left it; answers whether it did. */
  public boolean delete(String key, long revision) throws IOException, InterruptedException {
    return send(
                request(key, "").header("If-Match", "\"" + revision + "\"").DELETE(), false)
            .statusCode()
        == 200;
  }

  private static Optional<Long> changed(HttpResponse<byte[]> said) {
    return said.statusCode() == 412 ? Optional.empty() : Optional.of(revision(said));
  }

  private static long revision(HttpResponse<byte[]> said) {
    String tag = said.headers().firstValue("etag").orElseThrow();
    return Long.parseLong(tag.substring(1, tag.length() - 1));
  }

  private HttpRequest.Builder request(String key, String query) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create(
                    "http://instance/api/v1/kv/"
                        + URLEncoder.encode(key, StandardCharsets.UTF_8).replace("+", "%20")
                        + query))
            .header("Content-Type", "application/octet-stream")
            .timeout(PATIENCE);
    return token.isEmpty() ? request : request.header("Authorization", "Bearer " + token);
  }

  /** Another instance is asked where nothing can have been done: nobody was reached, or it reads. */
  private HttpResponse<byte[]> send(HttpRequest.Builder request, boolean reads)
      throws IOException, InterruptedException {
    IOException last = new IOException("no instance");
    for (int i = 0; i < instances.size(); i++) {
      int which = (first + i) % instances.size();
      URI path = request.build().uri();
      HttpRequest sent =
          request
              .copy()
              .uri(instances.get(which).resolve(path.getRawPath()
                  + (path.getRawQuery() == null ? "" : "?" + path.getRawQuery())))
              .build();
      try {
        HttpResponse<byte[]> said = http.send(sent, BodyHandlers.ofByteArray());
        switch (said.statusCode()) {
          case 200, 404, 412 -> {
            first = which;
            return said;
          }
          case 503 -> {
            String why = new String(said.body(), StandardCharsets.UTF_8);
            if (!reads && why.contains("not known")) {
              throw new Unknown(why, null);
            }
            last = new IOException(why);
          }
          default -> throw new IOException(new String(said.body(), StandardCharsets.UTF_8));
        }
      } catch (java.net.ConnectException e) {
        last = e;
      } catch (Unknown e) {
        throw e;
      } catch (java.net.http.HttpTimeoutException e) {
        if (!reads) {
          throw new Unknown("no answer from " + instances.get(which), e);
        }
        last = e;
      }
    }
    throw last;
  }

  /** {@code URL get|put|create|delete KEY [VALUE|REVISION]}. */
  public static void main(String[] args) throws Exception {
    FairleadStore store =
        new FairleadStore(
            List.of(URI.create(args[0])), System.getenv().getOrDefault("FAIRLEAD_TOKEN", ""));
    System.out.println(
        switch (args[1]) {
          case "get" ->
              store.get(args[2]).map(item -> item.revision() + " " + item.text()).orElse("none");
          case "put" -> store.put(args[2], args[3].getBytes(StandardCharsets.UTF_8));
          case "create" ->
              store
                  .create(args[2], args[3].getBytes(StandardCharsets.UTF_8), null)
                  .map(revision -> Long.toString(revision))
                  .orElse("it is there");
          default -> store.delete(args[2], Long.parseLong(args[3]));
        });
  }
}
