throw new Error('usocket is not used: connections go through unix:socket= addresses');
