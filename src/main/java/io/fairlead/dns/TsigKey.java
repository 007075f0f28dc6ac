package io.fairlead.dns;

import io.fairlead.config.DnsConfig;
import java.security.GeneralSecurityException;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** A secret that two servers share. */
final class TsigKey {
  final String text;
  final byte[] name;
  final byte[] algorithm;
  final int macLength;
  private final String javaName;
  private final byte[] secret;

  TsigKey(String text, DnsConfig.Key config) {
    this.text = text;
    this.name = Names.of(text);
    this.secret = Base64.getDecoder().decode(config.secret().value());
    String wire =
        switch (config.algorithm()) {
          case HMAC_SHA256 -> "hmac-sha256";
          case HMAC_SHA384 -> "hmac-sha384";
          case HMAC_SHA512 -> "hmac-sha512";
        };
    this.algorithm = Names.of(wire);
    this.javaName = "HmacSHA" + wire.substring(wire.length() - 3);
    this.macLength = Integer.parseInt(wire.substring(wire.length() - 3)) / 8;
  }

  Mac mac() {
    try {
      Mac mac = Mac.getInstance(javaName);
      mac.init(new SecretKeySpec(secret, javaName));
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no " + javaName, e);
    }
  }
}
