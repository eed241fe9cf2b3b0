// Authorities and certificates for tests, made when they are needed and kept nowhere.
//
// Knows OpenSSL and nothing of ours. Everything is PEM text; a certificate is good for a day.
#pragma once

#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace touchline::testing_tls {

struct Credentials {
  std::string certificate;
  std::string key;
};

class Authority {
 public:
  explicit Authority(const std::string& name);
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  std::string certificate() const;
  // For these names, such as "DNS:localhost,IP:127.0.0.1".
  Credentials issue(const std::string& names) const;

 private:
  std::unique_ptr<evp_pkey_st, void (*)(evp_pkey_st*)> key_;
  std::unique_ptr<x509_st, void (*)(x509_st*)> certificate_;
};

}  // namespace touchline::testing_tls
