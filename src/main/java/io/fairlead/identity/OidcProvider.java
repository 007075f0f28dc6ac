package io.fairlead.identity;

import com.nimbusds.jose.util.JSONObjectUtils;
import io.fairlead.config.OidcClientConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A provider of OpenID Connect, as it described itself last (OpenID Connect Discovery 1.0) and with
 * the keys that it signs with. When neither can be had any more, or what comes is wrong, the last
 * good ones stay.
 */
public final class OidcProvider {
  /** Of a description, and of an answer to a code. */
  public static final int MAX_BYTES = 256 * 1024;

  private static final String DESCRIPTION = "/.well-known/openid-configuration";

  /** Asks the provider; each answer comes whole and in a few seconds, or not at all. */
  public interface Http {
    /** What is at that URL. */
    byte[] get(String url, int mostBytes) throws IOException;

    /**
     * Sends a form.
     *
     * @param authorization value of that field; empty: none
     */
    Reply post(String url, String authorization, String form) throws IOException;
  }

  /** What was answered, up to {@link #MAX_BYTES}. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares answers
  public record Reply(int status, byte[] body) {}

  /**
   * Where it does what.
   *
   * @param endSession empty: it has none
   * @param posts whether secrets are sent in forms and not in {@code authorization}
   * @param namesItself whether it says who it is when it sends a browser back (RFC 9207)
   */
  record Description(
      String authorization,
      String token,
      String keys,
      String endSession,
      boolean posts,
      boolean namesItself) {}

  private final OidcClientConfig config;
  private final Http http;
  private final KeySource keys;
  private volatile @Nullable Description description;
  private volatile String trouble = "";

  /**
   * @param listener is told of keys and of what is wrong
   * @param nanos the clock
   */
  public OidcProvider(
      OidcClientConfig config, Http http, KeySource.Listener listener, LongSupplier nanos) {
    this.config = config;
    this.http = http;
    keys = new KeySource(this::fetch, heard(listener), true, nanos);
  }

  private KeySource.Listener heard(KeySource.Listener listener) {
    return new KeySource.Listener() {
      @Override
      public void loaded(int count) {
        trouble = "";
        listener.loaded(count);
      }

      @Override
      public void failed(String why) {
        trouble = why;
        listener.failed(why);
      }
    };
  }

  /** Why it could not be asked the last time; empty: it could, or has not been yet. */
  String trouble() {
    return trouble;
  }

  /** From now on asks it now and then. It need not be there before we are. */
  public void keepFresh() {
    keys.keepFresh(config.refresh());
  }

  /** Nobody needs it any more. */
  public void close() {
    keys.close();
  }

  /** Fetches all of it now; for tests. */
  void refresh() {
    keys.refresh();
  }

  KeySource keys() {
    return keys;
  }

  Http http() {
    return http;
  }

  /** Null: it has not said anything yet. */
  @Nullable Description description() {
    return description;
  }

  private byte[] fetch() throws IOException {
    String issuer = config.issuer();
    String base = issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer;
    Description now = parse(http.get(base + DESCRIPTION, MAX_BYTES));
    byte[] text = http.get(now.keys(), KeySource.MAX_BYTES);
    description = now;
    return text;
  }

  private Description parse(byte[] text) throws IOException {
    Map<String, Object> said = object(text, "its description is no JSON");
    if (!config.issuer().equals(said.get("issuer"))) {
      throw new IOException("its description is of another issuer");
    }
    List<?> methods =
        said.get("token_endpoint_auth_methods_supported") instanceof List<?> list
            ? list
            : List.of("client_secret_basic"); // OpenID Connect Discovery 1.0, 3
    return new Description(
        url(said, "authorization_endpoint"),
        url(said, "token_endpoint"),
        url(said, "jwks_uri"),
        said.get("end_session_endpoint") == null ? "" : url(said, "end_session_endpoint"),
        !methods.contains("client_secret_basic") && methods.contains("client_secret_post"),
        Boolean.TRUE.equals(said.get("authorization_response_iss_parameter_supported")));
  }

  private static String url(Map<String, Object> said, String name) throws IOException {
    if (said.get(name) instanceof String url
        && OidcClientConfig.isSafe(url)
        && url.indexOf('#') < 0) {
      return url;
    }
    throw new IOException(
        "its description must have " + name + " with https, or with http on this machine");
  }

  static Map<String, Object> object(byte[] text, String otherwise) throws IOException {
    try {
      return JSONObjectUtils.parse(new String(text, StandardCharsets.UTF_8));
    } catch (ParseException | RuntimeException | StackOverflowError e) {
      throw new IOException(otherwise); // without the cause, which quotes what came
    }
  }
}
