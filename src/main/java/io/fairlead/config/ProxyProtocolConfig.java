package io.fairlead.config;

import java.util.List;

/**
 * Who says, at the beginning of a connection, on whose behalf it is (the PROXY protocol).
 *
 * @param acceptFrom networks whose connections must begin with a header, and are believed; a header
 *     from anywhere else closes the connection; empty: there are no headers
 */
public record ProxyProtocolConfig(List<Cidr> acceptFrom) {
  public static final ProxyProtocolConfig NONE = new ProxyProtocolConfig(List.of());

  public ProxyProtocolConfig {
    acceptFrom = List.copyOf(acceptFrom);
  }
}
