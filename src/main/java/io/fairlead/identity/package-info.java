/**
 * Who a client says it is, and whether that is so: files of passwords, signed tokens, providers of
 * OpenID Connect.
 *
 * <p>Checks take long, some a tenth of a second of a processor, and so are made on virtual threads,
 * a few at a time ({@link io.fairlead.identity.CheckDesk}). Nothing here knows of requests: a check
 * gets the bytes that a client has shown and answers with a {@link io.fairlead.identity.Verdict}.
 * No secret and no token gets into a message, an event or a log.
 *
 * <p>Start reading at {@link io.fairlead.identity.CredentialCheck}. RFC 7617 is the law for names
 * and passwords.
 */
@NullMarked
package io.fairlead.identity;

import org.jspecify.annotations.NullMarked;
