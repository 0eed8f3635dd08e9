#!/bin/sh
# 核對這份案卷，不需要 Thirdring：只用 sha256sum 與 openssl。
# Checks this case without Thirdring: sha256sum and openssl are enough. Each step can be done by hand: README.txt.
cd "$(dirname "$0")" || exit 3
failed() { echo "不符 WRONG: $1"; exit 1; }
sha() { sha256sum | cut -c1-64; }

sha256sum --quiet -c SHA256SUMS || failed "1. SHA256SUMS"
[ "$(find . ! -type d ! -path ./SHA256SUMS ! -path ./SHA256SUMS.sig -exec echo \; | wc -l)" -eq "$(wc -l <SHA256SUMS)" ] ||
  failed "1. 有清單上沒有的檔案 a file that is not in SHA256SUMS"
echo "1. 檔案完整 files are whole"

if command -v openssl >/dev/null; then
  openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig >/dev/null 2>&1 ||
    failed "2. SHA256SUMS.sig"
  key=$(openssl pkey -pubin -in public-key.pem -outform DER | sha)
  grep -qF "$key" entries/* || failed "2. 鏈裡沒有記下這把公鑰 no entry names this key: $key"
  echo "2. 簽章相符，公鑰指紋 signed by the key" "$key"
else
  echo "2. 沒有 openssl，簽章未核對 no openssl: the signature was not checked"
fi

find files -type f | sort | while read -r file; do
  grep -qF "\"$(sha <"$file")\"" entries/* || failed "3. $file"
done || exit 1
echo "3. 每個檔案都在鏈的某一筆裡 every file is named by an entry"

for entry in entries/*.json; do
  n=$(basename "$entry" .json | sed 's/^0*//')
  grep -q "^$n [0-9a-f]* $(sha <"$entry")\$" chain.txt || failed "4. $entry"
done
echo "4. 每一筆都在鏈裡 every entry is in the chain"

before=$(sed -n 1p chain.txt | cut -d' ' -f2)
last=$(sed -n 1p chain.txt | cut -d' ' -f1)
sed 1d chain.txt | while read -r n link content; do
  before=$(printf '%s\n%s' "$before" "$content" | sha)
  last=$((last + 1))
  [ "$last $before" = "$n $link" ] || failed "5. chain.txt: $n"
done || exit 1
echo "5. 鏈首尾相接，到第 $(tail -n 1 chain.txt | cut -d' ' -f1) 筆 the chain holds together up to:"
tail -n 1 chain.txt | cut -d' ' -f1,2
